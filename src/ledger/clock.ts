/**
 * The time of the installation, in ms since the epoch. Leases, deadlines and what is compared between processes go by
 * the ledger's clock: on one machine that is the machine's; with a database server it is the server's, however wrong the
 * clock of a node may be.
 */
let source = (): number => Date.now();

export function ledgerTime(): number {
  return source();
}

/** Called once, by whoever opens the ledger of this process. */
export function followClock(clock: () => number): void {
  source = clock;
}
