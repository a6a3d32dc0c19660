/** Carries out the timeline of a scenario: each fault at its time, stored before it is injected, undone, and probed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PreparedFault } from '../faults/fault.ts';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { DrillLog } from '../log/drill-log.ts';
import type { DrillEventOf } from '../log/record.ts';
import type { PlannedEntry, Scenario } from '../scenario/parse-scenario.ts';
import type { UndoJournal } from '../undo/journal.ts';
import { waitUntil } from '../wait-until.ts';

const THERE_DEADLINE_MS = 20_000;

export interface TimelineContext {
  /** Null where a system of somebody else is drilled: only faults that need none are possible then. */
  laboratory: Laboratory | null;
  log: DrillLog;
  journal: UndoJournal;
  /** Stops what has not been injected yet; what has been is undone in any case. */
  signal: AbortSignal;
  onStep(step: string, fault: string, victim: string): void;
}

export interface TimelineState {
  /** Faults that are there now. */
  inForce: number;
  /** Whether every fault came and went as it should. */
  problems: string[];
}

interface Occurrence {
  atMs: number;
  planned: PlannedEntry;
}

export async function runTimeline(
  { timeline, patience }: Scenario,
  context: TimelineContext,
  state: TimelineState,
): Promise<void> {
  const startedMs = performance.now();
  const faults = new FaultRunner(context, state, patience);
  await Promise.all(
    occurrences(timeline).map(async ({ atMs, planned }, index) => {
      await sleep(Math.max(0, atMs - (performance.now() - startedMs)), undefined, {
        signal: context.signal,
      }).catch(() => undefined);
      if (!context.signal.aborted) await faults.run(planned, index + 1);
    }),
  );
}

/** In the order of their times. */
export function occurrences(timeline: readonly PlannedEntry[]): Occurrence[] {
  return timeline
    .flatMap((planned) => {
      const { at, repeat } = planned.entry;
      const times = repeat?.times ?? 1;
      return Array.from({ length: times }, (_, index) => ({
        atMs: at + index * (repeat?.every ?? 0),
        planned,
      }));
    })
    .sort((a, b) => a.atMs - b.atMs);
}

class FaultRunner {
  readonly #context: TimelineContext;
  readonly #state: TimelineState;
  readonly #patienceMs: number;

  constructor(context: TimelineContext, state: TimelineState, patienceMs: number) {
    this.#context = context;
    this.#state = state;
    this.#patienceMs = patienceMs;
  }

  async run({ entry, kind, parameters }: PlannedEntry, injection: number): Promise<void> {
    const { journal, laboratory, log, signal, onStep } = this.#context;
    if (laboratory === null && kind.needsLaboratory !== false)
      throw new Error(`${kind.name} needs a laboratory`);
    const fault = await kind.prepare(laboratory as Laboratory, parameters).catch((error: unknown) => {
      this.#note(`${kind.name} could not be prepared: ${textOf(error)}`);
      return null;
    });
    if (fault === null) return;
    const add = (step: DrillEventOf<'fault'>['step'], ok: boolean, detail?: string): void => {
      const { victim: target } = fault;
      log.add({ type: 'fault', injection, fault: kind.name, target, step, ok, ...(detail && { detail }) });
      onStep(step, kind.name, target);
    };
    const entries = journal.store(kind.name, fault.undoActs);
    this.#state.inForce++;
    try {
      add('injecting', true);
      const problem = await failure(fault.inject());
      add('injected', problem === null, problem ?? undefined);
      if (problem !== null) this.#note(`${kind.name} could not be injected: ${problem}`);
      await this.#probe(fault, add);
      await sleep(entry.for, undefined, { signal }).catch(() => undefined);
    } finally {
      await this.#undo(fault, add);
      this.#state.inForce--;
    }
    journal.markDone(entries);
    for (const check of (await fault.checks?.().catch(() => [])) ?? []) log.add({ type: 'check', ...check });
  }

  async #probe(fault: PreparedFault, add: AddStep): Promise<void> {
    const seen = await failure(
      waitUntil(
        () => fault.isInjected().catch(() => false),
        THERE_DEADLINE_MS,
        () => 'the fault was not seen',
      ),
    );
    add('probed', seen === null, seen ?? undefined);
    if (seen !== null) this.#note(`${fault.victim}: the fault was not seen to be there`);
  }

  async #undo(fault: PreparedFault, add: AddStep): Promise<void> {
    add('undoing', true);
    const problem = await failure(fault.undo());
    add('undone', problem === null, problem ?? undefined);
    const cleared = await failure(
      waitUntil(
        () => fault.isUndone().catch(() => false),
        this.#patienceMs,
        () => 'it is still there',
      ),
    );
    add('cleared', cleared === null, cleared ?? undefined);
    if (problem !== null || cleared !== null)
      this.#note(`${fault.victim}: was not undone: ${problem ?? cleared}`);
  }

  #note(text: string): void {
    this.#state.problems.push(text);
    this.#context.log.add({ type: 'note', text });
  }
}

type AddStep = (step: DrillEventOf<'fault'>['step'], ok: boolean, detail?: string) => void;

async function failure(work: Promise<unknown>): Promise<string | null> {
  return work.then(() => null, textOf);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
