import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from '../../tests/support/service.ts';
import { cpuMs, percentile, processTree, startHelper } from './measure.ts';
import { loadStreams, type StreamMeasure, type Target } from './stream-load.ts';

const RATE = 20;
const TOKENS = 200;
/** Both are measured once their code is compiled, as that of a service is that has been up for some minutes. */
const WARM_UP_STREAMS = 100;
const WARM_UP_ROUNDS = 2;
const UPSTREAM = new URL('./stamped-upstream.ts', import.meta.url);
const PIPE = new URL('./plain-pipe.ts', import.meta.url);

export interface StreamRow {
  server: string;
  streams: number;
  cpuPerTokenUs: number;
  lagP50: number;
  lagP99: number;
  firstTokenP50: number;
  deliveredShare: number;
}

export function questionTo(service: Service, question: string): Target {
  return {
    url: `${service.url}/v1/responses`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${service.apiKey}` },
    body: JSON.stringify({ model: 'budao', input: question, stream: true }),
  };
}

/** The lag that readers still take for live. */
export const MOST_LAG_MS = 250;
const FIRST_COUNTS = [50, 200];
const STEP = 200;
const SMALLEST_STEP = 50;

/** Whether a row's readers saw everything, and in time. */
export function keepsUp(row: StreamRow): boolean {
  return row.lagP99 <= MOST_LAG_MS && row.deliveredShare > 0.999;
}

/**
 * The plain pipe and Budao in turn, under the same number of streams, in the same run: at 50 and 200, then more and
 * more until Budao's lag passes the limit, then between the last that kept up and the first that did not.
 */
export async function measureStreams(
  mostStreams: number,
  report: (row: StreamRow) => void,
): Promise<StreamRow[]> {
  using upstream = await startHelper(UPSTREAM, [String(TOKENS), String(RATE)]);
  const rows: StreamRow[] = [];
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'stamps' },
  });
  using pipe = await startHelper(PIPE, [upstream.url]);
  const plain: Target = {
    url: pipe.url,
    headers: { 'content-type': 'application/json' },
    body: '{"input":"数一数"}',
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const target of [questionTo(service, '热身'), plain])
      await loadStreams(target, WARM_UP_STREAMS, TOKENS);
  }
  const measure = async (streams: number): Promise<boolean> => {
    for (const [server, target, root] of [
      ['plain Node pipe', plain, pipe.pid],
      ['Budao', questionTo(service, '数一数'), service.pid],
    ] as const) {
      const pids = processTree(root);
      const before = cpuMs(pids);
      const seen = await loadStreams(target, streams, TOKENS);
      rows.push(rowOf(server, seen, cpuMs(pids) - before));
      report(rows.at(-1) as StreamRow);
      await sleep(1_000);
    }
    return keepsUp(rows.at(-1) as StreamRow);
  };
  for (const streams of FIRST_COUNTS) if (streams <= mostStreams) await measure(streams);
  let most = FIRST_COUNTS.at(-1) ?? 0;
  let tooMany = most + STEP;
  while (tooMany <= mostStreams && (await measure(tooMany))) {
    most = tooMany;
    tooMany += STEP;
  }
  while (tooMany <= mostStreams && tooMany - most > SMALLEST_STEP) {
    const middle = (most + tooMany) / 2;
    if (await measure(middle)) most = middle;
    else tooMany = middle;
  }
  return rows;
}

function rowOf(server: string, measure: StreamMeasure, cpuUsedMs: number): StreamRow {
  return {
    server,
    streams: measure.streams,
    cpuPerTokenUs: (cpuUsedMs * 1_000) / Math.max(1, measure.tokens),
    lagP50: percentile(measure.lags, 0.5),
    lagP99: percentile(measure.lags, 0.99),
    firstTokenP50: percentile(measure.firstTokens, 0.5),
    deliveredShare: measure.tokens / measure.expectedTokens,
  };
}
