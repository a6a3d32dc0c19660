/** A laboratory for tests of faults, whose journal a test can look into. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultCheck, Need } from '../../src/drills/faults/fault.ts';
import { FAULTS } from '../../src/drills/faults/registry.ts';
import { Laboratory } from '../../src/drills/laboratory/laboratory.ts';
import { LaboratoryPlan } from '../../src/drills/scenario/schema.ts';
import { MARK_FILE } from '../../src/drills/undo/acts.ts';
import { JOURNAL_FILE } from '../../src/drills/undo/clear-away.ts';
import { readJournal, UndoJournal } from '../../src/drills/undo/journal.ts';
import { Watchdog } from '../../src/drills/undo/watchdog.ts';
import { waitUntil } from '../../src/drills/wait-until.ts';

const STEP_DEADLINE_MS = 90_000;

export class FaultStage implements AsyncDisposable {
  readonly laboratory: Laboratory;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(laboratory: Laboratory, cleanup: AsyncDisposableStack) {
    this.laboratory = laboratory;
    this.#cleanup = cleanup;
  }

  static async start(plan: object, needs: readonly Need[]): Promise<FaultStage> {
    await using cleanup = new AsyncDisposableStack();
    const parent = mkdtempSync(join(tmpdir(), 'budao-faults-'));
    chmodSync(parent, 0o711);
    cleanup.defer(() => rmSync(parent, { recursive: true, force: true }));
    const mark = `drill_test_${process.pid}`;
    const place = join(parent, mark);
    const folder = join(place, 'laboratory');
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    writeFileSync(join(place, MARK_FILE), mark);
    cleanup.use(await Watchdog.start(place));
    const journal = cleanup.use(new UndoJournal(join(place, JOURNAL_FILE)));
    const { signal } = new AbortController();
    const parts = { mark, folder, journal, needs: new Set(needs), source: null, signal };
    const laboratory = cleanup.use(await Laboratory.build({ ...parts, plan: LaboratoryPlan.parse(plan) }));
    return new FaultStage(laboratory, cleanup.move());
  }

  /** Injects, probes, undoes and probes again; what it stored before the injection is told. */
  async commit(name: string, given: object): Promise<{ stored: number; checks: FaultCheck[] }> {
    const kind = FAULTS.get(name);
    if (kind === undefined) throw new Error(`there is no fault ${name}`);
    const fault = await kind.prepare(this.laboratory, kind.parameters.parse(given));
    const { journal } = this.laboratory;
    const entries = journal.store(name, fault.undoActs);
    const stored = readJournal(journal.path).filter(({ what }) => what === name).length;
    await fault.inject();
    await this.#until(name, 'is there', () => fault.isInjected());
    await fault.undo();
    await this.#until(name, 'is gone', () => fault.isUndone());
    journal.markDone(entries);
    return { stored, checks: (await fault.checks?.()) ?? [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  async #until(name: string, what: string, condition: () => Promise<boolean>): Promise<void> {
    await waitUntil(
      () => condition().catch(() => false),
      STEP_DEADLINE_MS,
      () => `${name}: never ${what}\n${this.laboratory.output}`,
    );
  }
}
