/** What the probes' thread does: each kind of probe on its own timetable, whatever became of the ones before. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillClock } from '../log/clock.ts';
import type { ProbeKind, ProbePlan, WriteKind } from '../log/facts.ts';
import type { DrillEvent, DrillEventOf } from '../log/record.ts';
import { describe, TargetError } from '../targets/http-client.ts';
import { openTarget } from '../targets/open-target.ts';
import type { DrillTarget } from '../targets/target.ts';
import { followAnswer } from './follow-answer.ts';
import type { ProbeJob } from './probe-messages.ts';

const WRITE_TIMEOUT_MS = 10_000;
const ALERTS_EVERY_MS = 1_000;
const SEARCHABLE_EVERY_MS = 250;
/** A document that cannot be found for so long is not acknowledged as a vector. */
const SEARCHABLE_WITHIN_MS = 120_000;
const PREPARE_MS = 10_000;

type Outcome = DrillEventOf<'probe.answered'>['outcome'];
interface Answered {
  outcome: Outcome;
  mode?: string | null;
  error?: string;
}

export class Prober {
  readonly #job: ProbeJob;
  readonly #clock: DrillClock;
  readonly #add: (event: DrillEvent, atMs?: number) => void;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #counts = new Map<string, number>();
  #settings: ProbeJob['settings'];
  #target: DrillTarget;
  #remaking: Promise<void> | null = null;
  #asked = 0;

  constructor(job: ProbeJob, clock: DrillClock, add: (event: DrillEvent, atMs?: number) => void) {
    this.#job = job;
    this.#clock = clock;
    this.#add = add;
    this.#settings = job.settings;
    this.#target = openTarget(job.settings);
  }

  start(): void {
    const { probes, writes } = this.#job.workload;
    for (const [kind, plan] of Object.entries(probes) as [ProbeKind, ProbePlan][])
      this.#repeat(plan.everyMs, (plannedMs, number) => this.#probe(kind, plan, plannedMs, number));
    for (const kind of ['permission', 'setting'] as const) {
      const everyMs = writes[kind];
      if (everyMs != null && everyMs > 0 && this.#target.writes.includes(kind))
        this.#repeat(everyMs, (_, number) => this.#write(kind, this.#keyOf(kind, number)));
    }
    this.#repeat(ALERTS_EVERY_MS, this.#watchAlerts());
  }

  retarget(settings: ProbeJob['settings']): void {
    this.#settings = { ...settings, uploadsTo: settings.uploadsTo ?? this.#settings.uploadsTo };
    this.#target = openTarget(this.#settings);
  }

  /** Ends when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** On the timetable, not after one another: what was planned is done, however late the last one was answered. */
  #repeat(everyMs: number, work: (plannedMs: number, number: number) => Promise<void>): void {
    const { signal } = this.#stop;
    const startMs = this.#clock.nowMs();
    const run = async (): Promise<void> => {
      for (let number = 0; !signal.aborted; number++) {
        const plannedMs = startMs + number * everyMs;
        await sleep(Math.max(0, plannedMs - this.#clock.nowMs()), undefined, { signal });
        this.#keep(work(plannedMs, number));
      }
    };
    this.#keep(run());
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch(() => undefined).finally(() => this.#underWay.delete(kept));
    this.#underWay.add(kept);
  }

  async #probe(kind: ProbeKind, plan: ProbePlan, plannedMs: number, number: number): Promise<void> {
    const probe = `${kind}-${number}`;
    const answered = ({ outcome, mode, error }: Answered): void => {
      const atMs = this.#clock.nowMs();
      this.#add(
        {
          type: 'probe.answered',
          probe,
          kind,
          plannedMs,
          outcome,
          latencyMs: atMs - plannedMs,
          ...(mode == null ? {} : { mode }),
          ...(error === undefined ? {} : { error }),
        },
        atMs,
      );
    };
    const running = this.#counts.get(kind) ?? 0;
    if (running >= plan.most) return answered({ outcome: 'full' });
    this.#counts.set(kind, running + 1);
    this.#add({ type: 'probe.sent', probe, kind, plannedMs });
    const signal = AbortSignal.timeout(plan.timeoutMs);
    try {
      if (kind === 'ask' || kind === 'stream') await this.#ask(kind, plan, probe, answered);
      else answered(await this.#once(kind, probe, signal));
    } catch (error) {
      const isLate = signal.aborted || /given up/.test(describe(error));
      answered({ outcome: isLate ? 'timeout' : 'failed', error: describe(error) });
    } finally {
      this.#counts.set(kind, (this.#counts.get(kind) ?? 1) - 1);
    }
  }

  async #once(kind: 'sign-in' | 'upload' | 'search', probe: string, signal: AbortSignal): Promise<Answered> {
    if (kind === 'sign-in') {
      await this.#target.signIn(signal);
      return { outcome: 'ok' };
    }
    if (kind === 'search') {
      const { texts, mode } = await this.#target.search(this.#nextQuestion(), signal);
      return texts.length > 0 ? { outcome: 'ok', mode } : { outcome: 'wrong', error: 'nothing found', mode };
    }
    await this.#upload(probe, signal);
    return { outcome: 'ok' };
  }

  async #ask(
    kind: 'ask' | 'stream',
    plan: ProbePlan,
    probe: string,
    answered: (answer: Answered) => void,
  ): Promise<void> {
    const { workload } = this.#job;
    await followAnswer({
      target: this.#target,
      question: this.#nextQuestion(),
      key: this.#keyOf(probe, 0),
      probe,
      isWholeStream: kind === 'stream',
      timeoutMs: plan.timeoutMs,
      followMs: Math.max(plan.timeoutMs, workload.probes.stream?.timeoutMs ?? 0),
      expected: workload.expectedAnswer ?? null,
      clock: this.#clock,
      add: this.#add,
      answered,
      onUnknown: (key, sha256, sentMs, error) => this.#unknown('message', key, sha256, sentMs, error),
    });
  }

  async #upload(probe: string, signal: AbortSignal): Promise<void> {
    const key = this.#keyOf(probe, 0);
    const word = `w${hashOf(key).slice(0, 12)}`;
    const text = `# ${key}\n\nThe code word of this document is ${word}. 本文件的代号是 ${word}。\n`;
    const sentMs = this.#clock.nowMs();
    const target = this.#target;
    const document = { name: `${key}.md`, text, key };
    try {
      const { id, sha256 } = await target.upload(document, signal);
      this.#add({ type: 'write.acknowledged', kind: 'file', id, sentMs, sha256 });
      if (target.writes.includes('vector')) this.#keep(this.#untilSearchable(target, id, word));
    } catch (error) {
      // What came back was restored from before the drill: it needs a place for uploads again.
      if (error instanceof TargetError && error.status === 404) await this.#prepareAgain();
      this.#failedWrite('file', key, hashOf(text), sentMs, error);
      throw error;
    }
  }

  async #untilSearchable(target: DrillTarget, id: string, word: string): Promise<void> {
    const sentMs = this.#clock.nowMs();
    const until = sentMs + SEARCHABLE_WITHIN_MS;
    while (this.#clock.nowMs() < until && !this.#stop.signal.aborted) {
      const isThere = await target
        .isSearchable(id, word, AbortSignal.timeout(WRITE_TIMEOUT_MS))
        .catch(() => false);
      if (isThere) {
        const sha256 = hashOf(word);
        this.#add({ type: 'write.acknowledged', kind: 'vector', id: `${id}/${word}`, sentMs, sha256 });
        return;
      }
      await sleep(SEARCHABLE_EVERY_MS);
    }
  }

  async #write(kind: 'permission' | 'setting', key: string): Promise<void> {
    const sentMs = this.#clock.nowMs();
    try {
      const { id, sha256 } = await this.#target.write(kind, key, AbortSignal.timeout(WRITE_TIMEOUT_MS));
      this.#add({ type: 'write.acknowledged', kind, id, sentMs, sha256 });
    } catch (error) {
      this.#failedWrite(kind, key, hashOf(key), sentMs, error);
    }
  }

  /** A refusal is an outcome; silence and errors of the server are none. */
  #failedWrite(kind: WriteKind, key: string, sha256: string, sentMs: number, error: unknown): void {
    const status = error instanceof TargetError ? error.status : null;
    if (status !== null && status < 500) return;
    this.#unknown(kind, key, sha256, sentMs, describe(error));
  }

  #unknown(kind: WriteKind, key: string, sha256: string, sentMs: number, error: string): void {
    this.#add({ type: 'write.unknown', kind, key, sentMs, sha256, error });
  }

  async #prepareAgain(): Promise<void> {
    this.#remaking ??= openTarget({ ...this.#settings, uploadsTo: null })
      .prepare(AbortSignal.timeout(PREPARE_MS))
      .then(
        (settings) => {
          this.retarget(settings);
          this.#add({ type: 'note', text: 'The place for uploads was gone; probes upload to a new one.' });
        },
        () => undefined,
      )
      .finally(() => {
        this.#remaking = null;
      });
    await this.#remaking;
  }

  #watchAlerts(): () => Promise<void> {
    let known: ReadonlySet<string> | null = null;
    let isBusy = false;
    return async () => {
      if (isBusy) return;
      isBusy = true;
      try {
        const names = await this.#target.firingAlerts(AbortSignal.timeout(WRITE_TIMEOUT_MS));
        if (names === null) return;
        if (known === null) this.#add({ type: 'alert', alert: '', state: 'watching', detail: 'over HTTP' });
        const before = known ?? new Set<string>();
        for (const alert of names)
          if (!before.has(alert)) this.#add({ type: 'alert', alert, state: 'firing' });
        for (const alert of before)
          if (!names.includes(alert)) this.#add({ type: 'alert', alert, state: 'resolved' });
        known = new Set(names);
      } catch {
        // It is away: its alerts are seen when it is back, as people would see them.
      } finally {
        isBusy = false;
      }
    };
  }

  #nextQuestion(): string {
    const { questions } = this.#job.workload;
    return questions[this.#asked++ % questions.length] as string;
  }

  #keyOf(name: string, number: number): string {
    return `${this.#job.drillId}-${name}${number === 0 ? '' : `-${number}`}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
