import { setTimeout as sleep } from 'node:timers/promises';
import { loadTargets, Nodes } from './nodes.ts';
import type { Servers } from './servers.ts';
import { type ClusterStreamRow, measureNodes, startUpstream, TOKENS } from './streams.ts';

const SHOW_FIRST = new URL('./show-first.mjs', import.meta.url).href;
const ROUNDS = 3;
const WARM_UP_STREAMS = 20;
const REST_MS = 1_000;

export interface DurabilityResult {
  streams: number;
  rounds: number;
  /** As the product is: in the log before anybody sees it. Medians of the rounds. */
  logFirst: ClusterStreamRow;
  /** What happens is shown at once, and logged behind. */
  showFirst: ClusterStreamRow;
}

/** Both in turn under the same streams, on databases of one server. */
export async function measureDurability(
  servers: Servers,
  streams: number,
  report: (row: ClusterStreamRow) => void,
): Promise<DurabilityResult> {
  using upstream = await startUpstream();
  const place = { servers, upstreamUrl: upstream.url, hintsThrough: 'redis' } as const;
  await using logging = await Nodes.start(place);
  await using showing = await Nodes.start({
    ...place,
    environment: { NODE_OPTIONS: `--import=${SHOW_FIRST}` },
  });
  const variants = [
    { name: 'log before show', nodes: logging, rows: [] as ClusterStreamRow[] },
    { name: 'show before log', nodes: showing, rows: [] as ClusterStreamRow[] },
  ];
  for (const { nodes } of variants) await loadTargets(nodes.targets('热身'), WARM_UP_STREAMS, TOKENS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, nodes, rows } of variants) {
      const row = await measureNodes(name, servers, nodes, streams);
      rows.push(row);
      report(row);
      await sleep(REST_MS);
    }
  }
  const [logFirst, showFirst] = variants.map(({ rows }) => medians(rows)) as [
    ClusterStreamRow,
    ClusterStreamRow,
  ];
  return { streams, rounds: ROUNDS, logFirst, showFirst };
}

function medians(rows: readonly ClusterStreamRow[]): ClusterStreamRow {
  const median = (key: Exclude<keyof ClusterStreamRow, 'server'>): number =>
    rows.map((row) => row[key]).sort((left, right) => left - right)[Math.floor(rows.length / 2)] ??
    Number.NaN;
  return {
    server: rows[0]?.server ?? '',
    streams: median('streams'),
    lagP50: median('lagP50'),
    lagP99: median('lagP99'),
    firstTokenP50: median('firstTokenP50'),
    deliveredShare: median('deliveredShare'),
    cpuPerTokenUs: median('cpuPerTokenUs'),
    postgresPerTokenUs: median('postgresPerTokenUs'),
    redisPerTokenUs: median('redisPerTokenUs'),
  };
}
