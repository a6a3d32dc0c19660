import { BudaoError } from '../../contract/errors.ts';
import { RESTORE_UNFINISHED } from '../../recovery/restore/unfinished.ts';

/** What was put into each table, against what is found in it. */
export class FilledCounts {
  readonly #counts = new Map<string, number>();

  add(table: string, rows: number): void {
    this.#counts.set(table, (this.#counts.get(table) ?? 0) + rows);
  }

  get tables(): string[] {
    return [...this.#counts.keys()];
  }

  /** @throws BudaoError restore_incomplete */
  compare(found: (table: string) => number): void {
    for (const [table, filled] of this.#counts) {
      // The mark of the restore is a setting, too.
      const expected = table === 'setting' ? filled + 1 : filled;
      const present = found(table);
      if (present === expected) continue;
      throw new BudaoError(
        'internal',
        'restore_incomplete',
        `${present} rows are in ${table}, ${expected} were put there (with the mark ${RESTORE_UNFINISHED}). Look for ` +
          'who else writes to this ledger, and restore again.',
      );
    }
  }
}
