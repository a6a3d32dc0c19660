import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { DrillLog } from '../log/drill-log.ts';
import type { ProbeKind } from '../log/facts.ts';
import type { DrillEvent } from '../log/record.ts';
import { openTarget, refuseUnsupported } from '../targets/open-target.ts';
import type { TargetSettings } from '../targets/target.ts';
import type { FromProbes, ProbeJob, ToProbes } from './probe-messages.ts';
import { readBack } from './read-back.ts';
import type { RunningProbes } from './running-probes.ts';

const PREPARE_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** Prepares the target, and begins at once. @throws BudaoError drill_workload_unsupported; TargetError where it cannot be prepared */
export async function startProbes(target: TargetSettings, log: DrillLog): Promise<RunningProbes> {
  refuseUnsupported(target, log.facts.workload);
  const settings = await openTarget(target).prepare(AbortSignal.timeout(PREPARE_MS));
  return new ThreadedProbes(settings, log);
}

class ThreadedProbes implements RunningProbes {
  readonly #log: DrillLog;
  readonly #thread: Worker;
  readonly #stopped: Promise<void>;
  readonly #startedMs: number;
  readonly #kinds: readonly ProbeKind[];
  /** When the last good and the last bad probe of each kind were planned. */
  readonly #good = new Map<ProbeKind, number>();
  readonly #bad = new Map<ProbeKind, number>();
  /** When those that are under way were planned. */
  readonly #underWay = new Map<string, { kind: ProbeKind; plannedMs: number }>();
  #settings: TargetSettings;

  constructor(settings: TargetSettings, log: DrillLog) {
    this.#settings = settings;
    this.#log = log;
    this.#startedMs = log.clock.nowMs();
    const { workload, drillId } = log.facts;
    this.#kinds = (Object.keys(workload.probes) as ProbeKind[]).filter((kind) => kind !== 'stream');
    const job: ProbeJob = { originNs: log.clock.originNs, drillId, settings, workload };
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#thread = new Worker(new URL(`./probe-thread.${ending}`, import.meta.url), { workerData: job });
    this.#thread.on('message', (message: FromProbes) => {
      if (message.type === 'events') for (const { event, atMs } of message.events) this.#take(event, atMs);
    });
    this.#thread.on('error', (error) =>
      log.add({ type: 'stopped', reason: `probes failed: ${error.message}` }),
    );
    this.#stopped = once(this.#thread, 'exit').then(() => undefined);
  }

  async untilSteady({ forMs, withinMs }: { forMs: number; withinMs: number }): Promise<boolean> {
    const calledMs = this.#log.clock.nowMs();
    const earliestMs = withinMs > 0 ? calledMs : this.#startedMs;
    for (;;) {
      if (this.#isSteady(forMs, earliestMs)) return true;
      if (this.#log.clock.nowMs() >= calledMs + withinMs) return false;
      await sleep(LOOK_EVERY_MS);
    }
  }

  retarget(settings: TargetSettings): void {
    this.#settings = { ...settings, uploadsTo: settings.uploadsTo ?? this.#settings.uploadsTo };
    this.#tell({ type: 'retarget', settings: this.#settings });
  }

  async stop(): Promise<void> {
    this.#tell({ type: 'stop' });
    await this.#stopped;
  }

  async readBack({ withinMs }: { withinMs: number }): Promise<void> {
    await readBack(openTarget(this.#settings), this.#log, withinMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }

  /** The time in question ends with the first probe that is under way: it may still miss its objective. */
  #isSteady(forMs: number, earliestMs: number): boolean {
    const nowMs = this.#log.clock.nowMs();
    const objectives = this.#kinds.map((kind) => this.#log.facts.workload.probes[kind]?.objectiveMs ?? 0);
    const pending = [...this.#underWay.values()].filter(({ kind }) => kind !== 'stream');
    const untilMs = Math.min(nowMs, ...pending.map(({ plannedMs }) => plannedMs));
    const fromMs = untilMs - forMs;
    if (fromMs < earliestMs || untilMs < nowMs - Math.max(0, ...objectives)) return false;
    return this.#kinds.every((kind) => {
      const bad = this.#bad.get(kind) ?? Number.NEGATIVE_INFINITY;
      return (this.#good.get(kind) ?? Number.NEGATIVE_INFINITY) > bad && bad < fromMs;
    });
  }

  #take(event: DrillEvent, atMs: number): void {
    this.#log.add(event, atMs);
    if (event.type === 'probe.sent') this.#underWay.set(event.probe, event);
    if (event.type !== 'probe.answered') return;
    this.#underWay.delete(event.probe);
    const objectiveMs = this.#log.facts.workload.probes[event.kind]?.objectiveMs ?? Number.POSITIVE_INFINITY;
    const isGood = event.outcome === 'ok' && event.latencyMs <= objectiveMs;
    const times = isGood ? this.#good : this.#bad;
    times.set(event.kind, Math.max(times.get(event.kind) ?? 0, event.plannedMs));
  }

  #tell(message: ToProbes): void {
    this.#thread.postMessage(message);
  }
}
