import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, startHelper } from '../system/measure.ts';
import { loadStreams, type StreamMeasure, type Target } from '../system/stream-load.ts';
import { MOST_LAG_MS } from '../system/streams.ts';
import { type HintsThrough, loadTargets, Nodes } from './nodes.ts';
import { treeCpuMs } from './process-cpu.ts';
import { searchLimit } from './search-limit.ts';
import type { Servers } from './servers.ts';

const RATE = 20;
export const TOKENS = 200;
const PIPE = new URL('../system/plain-pipe.ts', import.meta.url);
const UPSTREAM = new URL('../system/stamped-upstream.ts', import.meta.url);
const FIRST_COUNTS = [50, 200];
const STEP = 200;
const SMALLEST_STEP = 50;
/** A hundred to each node twice, as where one node is measured. */
const WARM_UP_STREAMS = 200;
const WARM_UP_ROUNDS = 2;
const REST_MS = 1_000;

/** What one load of streams showed. Times in ms, CPU in µs a token. */
export interface ClusterStreamRow {
  server: string;
  streams: number;
  lagP50: number;
  lagP99: number;
  firstTokenP50: number;
  deliveredShare: number;
  /** All processes of the product, or the pipe. */
  cpuPerTokenUs: number;
  postgresPerTokenUs: number;
  redisPerTokenUs: number;
}

export interface ClusterStreams {
  rows: ClusterStreamRow[];
  /** The greatest number that kept up, and the smallest that did not; null when all did. */
  most: number;
  tooMany: number | null;
}

/** Whether a row's readers saw everything, and in time. */
export function isLive(row: ClusterStreamRow): boolean {
  return row.lagP99 <= MOST_LAG_MS && row.deliveredShare > 0.999;
}

export function startUpstream(): ReturnType<typeof startHelper> {
  return startHelper(UPSTREAM, [String(TOKENS), String(RATE)]);
}

/** The plain pipe and the cluster in turn under the same number of streams, until the cluster's readers lag behind. */
export async function measureClusterStreams(
  servers: Servers,
  options: { mostStreams: number; hintsThrough: HintsThrough },
  report: (row: ClusterStreamRow) => void,
): Promise<ClusterStreams> {
  using upstream = await startUpstream();
  using pipe = await startHelper(PIPE, [upstream.url]);
  await using nodes = await Nodes.start({
    servers,
    upstreamUrl: upstream.url,
    hintsThrough: options.hintsThrough,
  });
  const plain: Target = {
    url: pipe.url,
    headers: { 'content-type': 'application/json' },
    body: '{"input":"数一数"}',
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await loadStreams(plain, WARM_UP_STREAMS, TOKENS);
    await loadTargets(nodes.targets('热身'), WARM_UP_STREAMS, TOKENS);
  }
  const rows: ClusterStreamRow[] = [];
  const add = (row: ClusterStreamRow): ClusterStreamRow => {
    rows.push(row);
    report(row);
    return row;
  };
  const { most, tooMany } = await searchLimit(
    { firstCounts: FIRST_COUNTS, step: STEP, smallestStep: SMALLEST_STEP, greatest: options.mostStreams },
    async (streams) => {
      const before = treeCpuMs(pipe.pid);
      const seen = await loadStreams(plain, streams, TOKENS);
      const piped = treeCpuMs(pipe.pid) - before;
      add(rowOf('plain Node pipe', seen, { cpuMs: piped, postgresMs: 0, redisMs: 0 }));
      await sleep(REST_MS);
      const row = add(await measureNodes('two nodes', servers, nodes, streams));
      await sleep(REST_MS);
      return isLive(row);
    },
  );
  return { rows, most, tooMany };
}

/** One load, with what the product and the servers below it used meanwhile. */
export async function measureNodes(
  name: string,
  servers: Servers,
  nodes: Nodes,
  streams: number,
): Promise<ClusterStreamRow> {
  const before = { ...(await servers.cpu()), cpuMs: nodes.cpuMs() };
  const seen = await loadTargets(nodes.targets('数一数'), streams, TOKENS);
  const after = { ...(await servers.cpu()), cpuMs: nodes.cpuMs() };
  return rowOf(name, seen, {
    cpuMs: after.cpuMs - before.cpuMs,
    postgresMs: after.postgresMs - before.postgresMs,
    redisMs: after.redisMs - before.redisMs,
  });
}

function rowOf(
  server: string,
  seen: StreamMeasure,
  used: { cpuMs: number; postgresMs: number; redisMs: number },
): ClusterStreamRow {
  const perTokenUs = (ms: number): number => (ms * 1_000) / Math.max(1, seen.tokens);
  return {
    server,
    streams: seen.streams,
    lagP50: percentile(seen.lags, 0.5),
    lagP99: percentile(seen.lags, 0.99),
    firstTokenP50: percentile(seen.firstTokens, 0.5),
    deliveredShare: seen.tokens / seen.expectedTokens,
    cpuPerTokenUs: perTokenUs(used.cpuMs),
    postgresPerTokenUs: perTokenUs(used.postgresMs),
    redisPerTokenUs: perTokenUs(used.redisMs),
  };
}
