import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { askAndFollow } from '../support/response-reader.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 60;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const QUESTIONS = 4;

test('a plain HTTP stream shows one uninterrupted answer while the worker that writes it is killed, every time', async () => {
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 30 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  for (let count = 0; count < QUESTIONS; count++) {
    let killedPid = 0;
    const answer = await askAndFollow(
      service,
      { model: 'budao', input: `问题 ${count}` },
      {
        idempotencyKey: `kill-${count}`,
        deadlineMs: 60_000,
        onAcknowledged: (responseId) => {
          void killWorkerOf(service, responseId).then((pid) => (killedPid = pid));
        },
      },
    );
    expect(killedPid).toBeGreaterThan(0);
    expect(answer).toMatchObject({
      text: EXPECTED,
      status: 'completed',
      connections: 1,
      duplicates: 0,
      gaps: 0,
    });
  }
});

test('status names the worker that holds a run, as outside tools rely on', async () => {
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 30 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  const created = await service.json<{ id: string }>('POST', '/v1/responses', {
    model: 'budao',
    input: '在后台回答',
    background: true,
  });
  await until(async () => (await holderOf(service, created.id)) !== undefined);
  const holder = await holderOf(service, created.id);
  expect(holder?.role).toBe('worker');
  expect(service.processes('worker').map((row) => row.pid)).toContain(holder?.pid);
});

interface Held {
  pid: number;
  role: string;
  runs: string[];
}

async function holderOf(service: Service, responseId: string): Promise<Held | undefined> {
  const { processes } = await service.json<{ processes: Held[] }>('GET', '/ops/status');
  return processes.find((row) => row.runs.includes(responseId));
}

/** Once some text has flowed. */
async function killWorkerOf(service: Service, responseId: string): Promise<number> {
  await until(async () => {
    const response = await service.json<{ output: { content?: { text: string }[] }[] }>(
      'GET',
      `/v1/responses/${responseId}`,
    );
    return (response.output.at(-1)?.content?.[0]?.text.length ?? 0) > 20;
  });
  const holder = await holderOf(service, responseId);
  if (holder === undefined) throw new Error('nobody holds the run');
  process.kill(holder.pid, 'SIGKILL');
  return holder.pid;
}
