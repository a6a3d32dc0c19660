import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from '../../tests/support/service.ts';
import { percentile, startHelper } from './measure.ts';

import { questionTo } from './streams.ts';

const RATE = 20;
const TOKENS = 60;

export interface KillGapResult {
  kills: number;
  /** Longest time without a new token that the client saw in each answer whose worker was killed, in ms. */
  silence: { p50: number; p99: number; max: number };
  /** The same without a kill. */
  undisturbed: { p50: number; p99: number; max: number };
  tokensExpected: number;
  tokensSeen: number;
}

/** One answer at a time; its worker is killed in the middle; the client's connection is a plain HTTP stream. */
export async function measureKillGap(kills: number): Promise<KillGapResult> {
  using upstream = await startHelper(new URL('./numbered-upstream.ts', import.meta.url), [
    String(TOKENS),
    String(RATE),
  ]);
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  const [killed, calm]: number[][] = [[], []];
  let tokensSeen = 0;
  for (let count = 0; count < kills * 2; count++) {
    const withKill = count % 2 === 0;
    const arrivals: number[] = [];
    const answer = followTokens(service, (number) => {
      arrivals.push(performance.now());
      tokensSeen++;
      if (withKill && number === 20) void killHolder(service);
    });
    await answer;
    (withKill ? killed : calm)?.push(longestGap(arrivals));
    // The killed worker's successor is up before the next one goes.
    while (service.processes('worker').length < 2) await sleep(20);
  }
  const summary = (values: readonly number[] = []) => ({
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
    max: Math.max(...values),
  });
  return {
    kills,
    silence: summary(killed),
    undisturbed: summary(calm),
    tokensExpected: kills * 2 * TOKENS,
    tokensSeen,
  };
}

async function killHolder(service: Service): Promise<void> {
  const { processes } = await service.json<{ processes: { pid: number; role: string; runs: string[] }[] }>(
    'GET',
    '/ops/status',
  );
  const holder = processes.find((row) => row.role === 'worker' && row.runs.length > 0);
  if (holder !== undefined) process.kill(holder.pid, 'SIGKILL');
}

function longestGap(arrivals: readonly number[]): number {
  return Math.max(...arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at)));
}

/** Calls back with each new number of the answer; numbers that are missing or twice are an error. */
async function followTokens(service: Service, onToken: (number: number) => void): Promise<void> {
  const target = questionTo(service, '数一数');
  const response = await fetch(target.url, { method: 'POST', headers: target.headers, body: target.body });
  let buffer = '';
  let text = '';
  let next = 1;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    buffer += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const data = /^data: (\{.*"response\.output_text\.delta".*)$/m.exec(buffer.slice(0, end))?.[1];
      buffer = buffer.slice(end + 2);
      if (data === undefined) continue;
      text += (JSON.parse(data) as { delta: string }).delta;
      for (let space = text.indexOf(' '); space >= 0; space = text.indexOf(' ')) {
        const number = Number(text.slice(1, space));
        text = text.slice(space + 1);
        if (number !== next) throw new Error(`expected t${next}, saw t${number}`);
        next++;
        onToken(number);
      }
    }
  }
  if (next !== TOKENS + 1) throw new Error(`the answer ended at t${next - 1} of t${TOKENS}`);
}
