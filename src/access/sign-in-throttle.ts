import { BudaoError } from '../contract/errors.ts';

const FREE_FAILURES = { pair: 5, address: 20, username: 50 };
const FIRST_DELAY_MS = 1_000;
/**
 * A person at one address waits up to 15 minutes. Failures from everywhere on one username delay strangers by at
 * most 30 s. Neither these nor those of others at the same address, which may be a proxy's, delay a person where they
 * have signed in before: else anybody could lock a colleague out.
 */
const MAX_DELAY_MS = { pair: 15 * 60_000, address: 15 * 60_000, username: 30_000 };
const FORGET_AFTER_MS = 60 * 60_000;
const MAX_COUNTERS = 10_000;
const MAX_TRUSTED_PAIRS = 10_000;

type Kind = keyof typeof FREE_FAILURES;

interface Counter {
  failures: number;
  lastAt: number;
}

export interface SignInAttempt {
  /** The password was right: the failures before it are forgiven to this person at this address. */
  succeed(): void;
  /** The attempt was not checked after all. */
  withdraw(): void;
}

export class SignInThrottledError extends BudaoError {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super(
      'rate_limited',
      'too_many_sign_ins',
      `Too many failed sign-ins. Try again in ${Math.ceil(retryAfterMs / 1_000)} seconds.`,
    );
    this.retryAfterMs = retryAfterMs;
  }
}

/** Slows down guessing, per username and address, in bounded memory. Each process counts for itself. */
export class SignInThrottle {
  readonly #now: () => number;
  /** In order of their last failure, so that the first is the one to forget. */
  readonly #counters = new Map<string, Counter>();
  readonly #trusted = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts an attempt as failed before it is checked, so that many at once gain nothing.
   * @throws SignInThrottledError when it comes too early
   */
  begin(username: string, address: string): SignInAttempt {
    const keys = this.#keys(username, address);
    const waitMs = Math.max(...keys.map(([kind, key]) => this.#waitMs(kind, key)));
    if (waitMs > 0) throw new SignInThrottledError(waitMs);
    for (const [, key] of keys) this.#count(key);
    const withdraw = (): void => {
      for (const [, key] of keys) {
        const counter = this.#counters.get(key);
        if (counter !== undefined) counter.failures -= 1;
      }
    };
    const pair = pairKey(username, address);
    return {
      withdraw,
      succeed: () => {
        withdraw();
        this.#counters.delete(pair);
        this.#trust(pair);
      },
    };
  }

  #trust(pair: string): void {
    this.#trusted.delete(pair);
    this.#trusted.add(pair);
    if (this.#trusted.size > MAX_TRUSTED_PAIRS) deleteFirst(this.#trusted);
  }

  #keys(username: string, address: string): [Kind, string][] {
    const pair = pairKey(username, address);
    if (this.#trusted.has(pair)) return [['pair', pair]];
    return [
      ['pair', pair],
      ['address', addressKey(address)],
      ['username', usernameKey(username)],
    ];
  }

  #waitMs(kind: Kind, key: string): number {
    const counter = this.#counters.get(key);
    if (counter === undefined) return 0;
    const beyond = counter.failures - FREE_FAILURES[kind];
    if (beyond < 0) return 0;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(beyond, 20), MAX_DELAY_MS[kind]);
    return counter.lastAt + delayMs - this.#now();
  }

  #count(key: string): void {
    const now = this.#now();
    const before = this.#counters.get(key);
    const failures = before !== undefined && now - before.lastAt < FORGET_AFTER_MS ? before.failures : 0;
    this.#counters.delete(key);
    this.#counters.set(key, { failures: failures + 1, lastAt: now });
    if (this.#counters.size > MAX_COUNTERS) deleteFirst(this.#counters);
  }
}

function deleteFirst(collection: Map<string, unknown> | Set<string>): void {
  for (const key of collection.keys()) {
    collection.delete(key);
    return;
  }
}

function pairKey(username: string, address: string): string {
  return `pair ${network(address)} ${username}`;
}

function addressKey(address: string): string {
  return `address ${network(address)}`;
}

function usernameKey(username: string): string {
  return `username ${username}`;
}

/** One customer usually holds a whole /64 of IPv6. */
function network(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}
