import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Channel } from '../channel.ts';
import { isTerminal, type Run, type RunEvent, type SubmitRun } from '../run.ts';
import { type AppendRequest, appendEvents } from '../run-appends.ts';
import { claimRuns } from '../run-claims.ts';
import type { RunFeeds } from '../run-feed.ts';
import { getRun, submitRun } from '../run-store.ts';

/** A fresh ledger and channel for one check; disposed by whoever made it. */
export interface RunSystem extends AsyncDisposable {
  ledger: Ledger;
  channel: Channel;
}

export interface ConformanceCheck {
  /** What would be broken for a user. */
  name: string;
  run(system: RunSystem): Promise<void>;
}

export const LEASE_MS = 2_000;

export const nothing = { publish: () => {}, publishToOne: () => {}, [Symbol.asyncDispose]: async () => {} };

export function request(overrides: Partial<SubmitRun> = {}): SubmitRun {
  return { kind: 'work', workspaceId: 'ws_test', input: { question: '为什么？' }, ...overrides };
}

export function submit(ledger: Ledger, overrides: Partial<SubmitRun> = {}, now = Date.now()) {
  return ledger.transaction((tx) => submitRun(tx, request(overrides), now));
}

export function claim(ledger: Ledger, owner: string, limit: number, now = Date.now()): Promise<Run[]> {
  return ledger.transaction((tx) =>
    claimRuns(tx, { owner, kind: 'work', limit, now, leaseUntil: now + LEASE_MS }),
  );
}

/** Appends one event after `run.lastSeq`, and the end where a status is given. */
export function append(
  ledger: Ledger,
  run: Run,
  status: 'completed' | 'failed' | null = null,
  isRetry = false,
): Promise<boolean> {
  const event = { type: status === null ? 'tick' : `run.${status}`, payloadJson: '{}', isDelta: false };
  const finish = status === null ? null : { status, resultJson: null, failure: null };
  return appendAll(ledger, run, { firstSeq: run.lastSeq + 1, events: [event], finish, isRetry });
}

export async function appendAll(
  ledger: Ledger,
  run: Run,
  request: Pick<AppendRequest, 'firstSeq' | 'events' | 'finish' | 'isRetry'>,
): Promise<boolean> {
  const complete = { runId: run.id, epoch: run.epoch, firstProgress: true, fence: null, ...request };
  const outcome = await ledger.transaction((tx) =>
    appendEvents(tx, run.owner ?? '', [complete], Date.now(), { number: 1, spread: false }),
  );
  return outcome.appended[0] === true;
}

/** Deltas, other events between them, deltas that only look alike, and the end. */
export async function writeMixedLog(ledger: Ledger, run: Run): Promise<void> {
  const payloads: [string, unknown][] = [
    ['answer.delta', { text: '年假' }],
    ['answer.delta', { text: '五天' }],
    ['answer.delta', { text: '' }],
    ['answer.searched', { passages: [] }],
    ['answer.delta', { text: '，满十年' }],
    ['answer.reasoning', { text: 'a' }],
    ['answer.reasoning', { text: 'b' }],
    ['answer.delta', { text: 'x', extra: true }],
    ['answer.delta', { text: '"引号"\n' }],
    ['answer.delta', { text: '十天' }],
  ];
  for (const [offset, [type, payload]] of payloads.entries()) {
    const events = [{ type, payloadJson: JSON.stringify(payload), isDelta: false }];
    await appendAll(ledger, run, { firstSeq: offset + 1, events, finish: null, isRetry: false });
  }
  await append(ledger, { ...run, lastSeq: payloads.length }, 'completed');
}

export function collect(feeds: RunFeeds, runId: string, afterSeq: number): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  return new Promise((resolve, reject) => {
    feeds.follow(
      runId,
      { onEvents: (batch) => events.push(...batch), onEnd: () => resolve(events), onError: reject },
      afterSeq,
    );
  });
}

export async function untilEnded(ledger: Ledger, runId: string): Promise<Run> {
  await until(async () => {
    const run = await getRun(ledger.read, runId);
    return run !== undefined && isTerminal(run.status);
  });
  return (await getRun(ledger.read, runId)) as Run;
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never true: ${condition}`);
    await sleep(5);
  }
}

export function rethrow(error: unknown): void {
  throw error;
}
