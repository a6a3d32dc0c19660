import { describe, expect, test } from 'vitest';
import { AnswerServer, PRINCIPALS } from '../../../tests/support/answer-server.ts';
import type { Access } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { submitRun } from '../../runs/run-store.ts';

const NAMES: Readonly<Record<string, string>> = { ws_one: 'One', ws_two: 'Two' };

/** Who is known as in the table of the server, each with the workspace of their key. */
const access = {
  authenticate: async (headers: Readonly<Record<string, string | string[] | undefined>>) => {
    const principal = PRINCIPALS[String(headers['authorization']).replace('Bearer ', '')];
    if (principal === undefined) throw new BudaoError('unauthenticated', 'invalid_api_key', 'Wrong key.');
    return principal;
  },
  workspaces: {
    list: async ({ workspaceId, role }: Principal) => [
      { workspaceId, workspaceName: NAMES[workspaceId], role, createdAt: 0 },
    ],
  },
} as unknown as Access;

interface Queue {
  kind: string;
  scope: string;
  workspace_id: string | null;
  workspace_name: string | null;
  waiting: number;
  running: number;
  deferred: number;
  later: number;
  longest_wait_seconds: number | null;
}

async function submit(ledger: Ledger, workspaceId: string, availableAt?: number): Promise<void> {
  const now = Date.now() - 60_000;
  await ledger.transaction(async (tx) => {
    const input = { workspaceId };
    const { run } = await submitRun(tx, { kind: 'ingest', workspaceId, input, timeoutMs: 3_600_000 }, now);
    if (availableAt === undefined) return;
    await tx.run('UPDATE run SET available_at = :availableAt WHERE id = :id', { id: run.id, availableAt });
  });
}

async function queues(server: AnswerServer, key: string): Promise<Queue[]> {
  const reply = await server.fetch('/ops/queues', { key });
  expect(reply.status).toBe(200);
  return ((await reply.json()) as { data: Queue[] }).data;
}

describe('what is under way and what waits', () => {
  test('is told by kind and workspace, with the longest wait, and what is due later apart', async () => {
    await using server = await AnswerServer.start(undefined, { access });
    await submit(server.ledger, 'ws_one');
    await submit(server.ledger, 'ws_one', Date.now() + 3_600_000);
    await submit(server.ledger, 'system');
    const found = await queues(server, 'key-alice');
    expect(found).toMatchObject([
      { kind: 'ingest', scope: 'system', workspace_id: null, waiting: 1, later: 0 },
      { kind: 'ingest', scope: 'workspace', workspace_name: 'One', waiting: 1, later: 1, running: 0 },
    ]);
    expect(found[1]?.longest_wait_seconds).toBeGreaterThanOrEqual(60);
  });

  test('names no workspace that is not the own, and sums them up', async () => {
    await using server = await AnswerServer.start(undefined, { access });
    await submit(server.ledger, 'ws_one');
    await submit(server.ledger, 'ws_three');
    const [queue, ...others] = await queues(server, 'key-carol');
    expect(others).toEqual([]);
    expect(queue).toMatchObject({ scope: 'other', workspace_id: null, workspace_name: null, waiting: 2 });
  });

  test('is not for readers', async () => {
    await using server = await AnswerServer.start(undefined, { access });
    expect((await server.fetch('/ops/queues', { key: 'key-bob' })).status).toBe(403);
  });
});
