/** Kills the worker of a test at every durable act of its handlers, before it and after it, one kill at a time. */
import type { Sql } from '../ledger/ledger.ts';
import { RunInterruption } from '../runs/interruption.ts';
import type { RunContext, RunHandler } from '../runs/run.ts';
import type { ChunkIndex } from './ports.ts';
import { type KnowledgeOptions, type TestKnowledge, until } from './testing.ts';

export interface Kills {
  /** For the knowledge that is to be killed. */
  options: KnowledgeOptions;
  /** Counts from here; resolves when all runs have ended, with whatever kill there was. */
  begin(knowledge: TestKnowledge): Promise<void>;
}

/** Plays the scenario with a kill at the first act, the second, … until one goes by without. @returns how many acts */
export async function killAtEveryPoint(
  kinds: readonly string[],
  scenario: (kills: Kills) => Promise<void>,
): Promise<number> {
  for (let point = 1; ; point++) {
    let countdown = Number.POSITIVE_INFINITY;
    const dead = new Set<string>();
    const around = async <T>(work: () => Promise<T>): Promise<T> => {
      tick();
      const result = await work();
      tick();
      return result;
    };
    const tick = (): void => {
      countdown -= 1;
      if (countdown === 0) throw new Killed();
    };
    await scenario({
      options: {
        wrapHandler: (handler) => (kinds.includes(handler.kind) ? mortal(handler, around, dead) : handler),
        wrapIndex: (real) => mortalIndex(real, around),
      },
      async begin(knowledge) {
        countdown = point;
        await until(async () => {
          await knowledge.ledger.transaction((tx) => releaseDead(tx, dead));
          const open = await knowledge.ledger.read.get(
            `SELECT 1 AS one FROM run WHERE status IN ('queued', 'running')`,
          );
          return open === undefined ? true : null;
        }, `recovery from a kill at point ${point}`);
      },
    });
    if (countdown > 0) return point;
  }
}

type Around = <T>(work: () => Promise<T>) => Promise<T>;

function mortal(handler: RunHandler<never>, around: Around, dead: Set<string>): RunHandler<never> {
  return {
    ...handler,
    async handle(context: RunContext<never>) {
      const observed: RunContext<never> = {
        run: context.run,
        input: context.input,
        signal: context.signal,
        history: context.history,
        step: (name, work, options) => around(() => context.step(name, work, options)),
        emit: (type, payload, options) => context.emit(type, payload, options),
        stream: (type, text) => context.stream(type, text),
        transaction: (work) => around(() => context.transaction(work)),
      };
      try {
        return await handler.handle(observed);
      } catch (error) {
        if (error instanceof Killed) dead.add(context.run.id);
        throw error;
      }
    },
  };
}

function mortalIndex(real: ChunkIndex, around: Around): ChunkIndex {
  return {
    ...real,
    [Symbol.asyncDispose]: async () => {},
    replaceDocuments: (...request) => around(() => real.replaceDocuments(...request)),
    removeDocuments: (...request) => around(() => real.removeDocuments(...request)),
    optimize: (...request) => around(() => real.optimize(...request)),
    drop: (...request) => around(() => real.drop(...request)),
  };
}

/** Ends a handler without another word, as SIGKILL does. */
class Killed extends RunInterruption {
  constructor() {
    super('lease_lost');
  }
}

/** What the supervisor does as soon as a worker has died. */
async function releaseDead(tx: Sql, dead: Set<string>): Promise<void> {
  for (const runId of dead) {
    dead.delete(runId);
    await tx.run(`UPDATE run SET owner = NULL, lease_until = 0 WHERE id = :runId AND status = 'running'`, {
      runId,
    });
  }
}
