/** Telling people is a run: it is tried again, its end is visible, and a process that dies over it is replaced. */
import { createHash } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import type { Run, RunHandler } from '../../runs/run.ts';
import { type RunRow, runFromRow } from '../../runs/run-rows.ts';
import { submitRun } from '../../runs/run-store.ts';
import { createNotifier } from '../notifiers/create-notifier.ts';
import { type AlertChannel, requireChannel } from './channels.ts';
import { composeMessage } from './message.ts';
import type { Notice } from './notice.ts';
import { isAtLeast } from './rule.ts';
import type { Seal } from './seal.ts';

export const NOTIFY_RUN = 'notify';

/** Belongs to no tenant. */
export const SYSTEM_WORKSPACE = 'system';
/** A receiver that is away for longer is told of alerts that last by the next reminder. */
const TIMEOUT_MS = 60 * 60_000;
const MAX_ATTEMPTS = 200;
/** Somebody is waiting in front of the screen. */
const TEST_TIMEOUT_MS = 30_000;
const PRIORITY = 20;

export interface NotifyInput {
  channelId: string;
  notice: Notice;
}

/** One run for each channel that wants to hear of it. The same notice is sent once, whoever submits it again. */
export async function submitNotice(
  tx: Sql,
  notice: Notice,
  channels: readonly AlertChannel[],
  now: number,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const channel of channels) {
    const alerts = notice.alerts.filter((alert) => isAtLeast(alert.severity, channel.minSeverity));
    if (channel.disabled || alerts.length === 0) continue;
    const input: NotifyInput = { channelId: channel.id, notice: { ...notice, alerts } };
    const { run, created } = await submitRun(
      tx,
      {
        kind: NOTIFY_RUN,
        workspaceId: SYSTEM_WORKSPACE,
        subjectId: channel.id,
        input,
        idempotencyKey: keyOf(channel, notice, now),
        priority: PRIORITY,
        timeoutMs: TIMEOUT_MS,
        maxAttempts: MAX_ATTEMPTS,
      },
      now,
    );
    if (created) runs.push(run);
  }
  return runs;
}

/** A message that says that the channel works; tried once. */
export async function submitTest(tx: Sql, channel: AlertChannel, now: number): Promise<Run> {
  const notice: Notice = { group: 'answers', alerts: [], isTest: true };
  const { run } = await submitRun(
    tx,
    {
      kind: NOTIFY_RUN,
      workspaceId: SYSTEM_WORKSPACE,
      input: { channelId: channel.id, notice } satisfies NotifyInput,
      priority: PRIORITY,
      timeoutMs: TEST_TIMEOUT_MS,
    },
    now,
  );
  return run;
}

/** The newest first. */
export async function listMessages(sql: Sql, limit: number): Promise<Run[]> {
  const rows = await sql.all<RunRow>(
    `SELECT * FROM run WHERE workspace_id = :workspace AND kind = :kind
     ORDER BY created_at DESC, id DESC LIMIT :limit`,
    { workspace: SYSTEM_WORKSPACE, kind: NOTIFY_RUN, limit },
  );
  return rows.map(runFromRow);
}

/** A reminder says the same as the one before, at another time. */
function keyOf(channel: AlertChannel, { alerts }: Notice, now: number): string {
  const lasting = alerts.some((alert) => alert.state === 'lasting') ? String(now) : '';
  const said = alerts.map(({ id, state }) => `${id} ${state}`).join(',');
  return createHash('sha256').update(`${channel.id}\n${lasting}\n${said}`).digest('hex');
}

export function createNotifyHandler(stores: { ledger: Ledger; seal: Seal }): RunHandler<NotifyInput> {
  return {
    kind: NOTIFY_RUN,
    concurrency: 8,
    async handle({ input, run, signal }) {
      const { channelId, notice } = input;
      const channel = await requireChannel(stores.ledger.read, channelId);
      try {
        await sendNotice({ channel, notice, seal: stores.seal, id: run.id, signal });
      } catch (error) {
        if (!(error instanceof BudaoError)) throw error;
        const isOver = notice.isTest === true || error.kind !== 'unavailable';
        if (!isOver) throw error;
        return { status: 'failed', failure: { code: error.code, message: error.message } };
      }
      return { status: 'completed', result: { kind: channel.kind, sentAt: ledgerTime() } };
    },
  };
}

/** @throws BudaoError alert_refused, alert_not_delivered, alert_channel_sealed */
export async function sendNotice(job: {
  channel: AlertChannel;
  notice: Notice;
  seal: Seal;
  id: string;
  signal: AbortSignal;
}): Promise<void> {
  const { channel, notice, seal, id, signal } = job;
  const secrets = await seal.open(channel.id, channel.sealed);
  const message = composeMessage(notice, channel.language);
  const send = createNotifier(channel, secrets);
  await send({ id, notice, message, language: channel.language, signal });
}
