/** Golden sets that are asked again by themselves: when what answers has changed, and when it has been a while. */
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { submitEvaluation } from './evaluate-handler.ts';
import type { Occasion } from './results/evaluations.ts';

/** What answers depend on. The index is told by the ledger, for each set. */
export interface AnsweringState {
  /** Another one after a restore. */
  installation: string;
  program: string;
  /** Models, prompts, embedder, limits. */
  settings: string;
}

interface SeenState extends AnsweringState {
  index: string;
  /** When the set was asked last, by itself. */
  askedAt: number;
}

export interface AutomaticOptions {
  ledger: Ledger;
  isOnDuty(): boolean;
  /** Whether questions are answered: what is starting, or repairing its index, would fail for that alone. */
  isReady(): Promise<boolean>;
  state(): Promise<AnsweringState>;
  /** 0 asks only after changes. */
  everyHours: number;
  judge: boolean;
  announce(run: { kind: string; id?: string }): void;
  onError(error: unknown): void;
}

interface SetRow {
  id: string;
  workspace_id: string;
  name: string;
  knowledge_base_ids: string | null;
  seen_state: string | null;
}

const LOOK_EVERY_MS = 15_000;
const HOUR_MS = 3_600_000;

export class AutomaticEvaluations implements Disposable {
  readonly #options: AutomaticOptions;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  constructor(options: AutomaticOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#lookAgain(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #lookAgain(): Promise<void> {
    if (this.#looking || !this.#options.isOnDuty()) return;
    this.#looking = true;
    try {
      await submitWhatIsDue(this.#options);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#looking = false;
    }
  }
}

/** @returns the occasions, by the name of the set */
export async function submitWhatIsDue(options: AutomaticOptions): Promise<Map<string, Occasion>> {
  const { ledger } = options;
  const submitted = new Map<string, Occasion>();
  const sets = await ledger.read.all<SetRow>(
    `SELECT id, workspace_id, name, knowledge_base_ids, seen_state FROM golden_set
     WHERE baseline_id IS NOT NULL ORDER BY id`,
  );
  if (sets.length === 0) return submitted;
  const answering = await options.state();
  for (const set of sets) {
    const index = await settledIndex(ledger.read, set);
    if (index === null) continue;
    const now = ledgerTime();
    const seen = set.seen_state === null ? null : (JSON.parse(set.seen_state) as SeenState);
    const occasion = occasionOf(seen, { ...answering, index }, now, options.everyHours);
    if (occasion === null && seen !== null) continue;
    if (occasion !== null && !(await options.isReady())) continue;
    const state: SeenState = { ...answering, index, askedAt: now };
    const run = await ledger.transaction((tx) => submitOnce(tx, set, state, occasion, options.judge, now));
    if (run === null) continue;
    options.announce(run);
    if (occasion !== null) submitted.set(set.name, occasion);
  }
  return submitted;
}

/** Null for nothing to do. A set that is seen for the first time is only noted. */
function occasionOf(
  seen: SeenState | null,
  state: AnsweringState & { index: string },
  now: number,
  everyHours: number,
): Occasion | null {
  if (seen === null) return null;
  if (seen.installation !== state.installation) return 'restore';
  if (seen.program !== state.program) return 'upgrade';
  if (seen.index !== state.index) return 'index';
  if (seen.settings !== state.settings) return 'settings';
  // A clock that was set back must not stop the schedule for as long.
  const sinceMs = Math.abs(now - seen.askedAt);
  return everyHours > 0 && sinceMs >= everyHours * HOUR_MS ? 'schedule' : null;
}

/** Whoever notes the new state first submits: two supervisors never do. */
async function submitOnce(
  tx: Sql,
  set: SetRow,
  state: SeenState,
  occasion: Occasion | null,
  judge: boolean,
  now: number,
): Promise<{ kind: string; id: string } | null> {
  const { changes } = await tx.run(
    `UPDATE golden_set SET seen_state = :state WHERE id = :id AND COALESCE(seen_state, '') = :before`,
    { id: set.id, state: JSON.stringify(state), before: set.seen_state ?? '' },
  );
  if (changes === 0 || occasion === null) return null;
  const { run } = await submitEvaluation(
    tx,
    set.workspace_id,
    {
      goldenSetId: set.id,
      name: set.name,
      questions: null,
      knowledgeBaseIds: null,
      model: null,
      answers: true,
      judge,
      saveBaseline: false,
      occasion,
    },
    now,
  );
  return run;
}

/** The generations of its knowledge bases; null while one is being built, or documents are on their way in. */
async function settledIndex(sql: Sql, set: SetRow): Promise<string | null> {
  const ids = set.knowledge_base_ids === null ? null : (JSON.parse(set.knowledge_base_ids) as string[]);
  const bases = await sql.all<{
    id: string;
    generation: string;
    next_generation: string | null;
    is_default: number;
    open: number;
  }>(
    `SELECT b.id AS id, b.generation AS generation, b.next_generation AS next_generation, b.is_default AS is_default,
       (SELECT count(*) FROM knowledge_base_document d WHERE d.knowledge_base_id = b.id
         AND d.status NOT IN ('completed', 'failed', 'cancelled')) AS open
     FROM knowledge_base b WHERE b.workspace_id = :workspaceId AND b.deleted_at IS NULL ORDER BY b.id`,
    { workspaceId: set.workspace_id },
  );
  const own = bases.filter(({ id, is_default: isDefault }) => ids?.includes(id) ?? Number(isDefault) === 1);
  if (own.length === 0) return null;
  if (own.some((base) => base.next_generation !== null || Number(base.open) > 0)) return null;
  return own.map(({ generation }) => generation).join('\n');
}
