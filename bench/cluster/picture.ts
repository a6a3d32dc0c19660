/** Draws the results of a run of the cluster's benchmark as one SVG. */
import {
  type Bar,
  COLOURS,
  drawBar,
  drawComparison,
  drawCurves,
  drawDocument,
  PLOT,
  ROW_HEIGHT,
  text,
} from '../svg.ts';
import { MOST_LAG_MS } from '../system/streams.ts';
import type { ClaimsResult } from './claims.ts';
import type { DurabilityResult } from './durability.ts';
import type { ClusterFirstToken } from './first-token.ts';
import type { ClusterStreamRow, ClusterStreams } from './streams.ts';

export interface ClusterResults {
  streams?: ClusterStreams;
  claims?: ClaimsResult;
  firstToken?: ClusterFirstToken;
  durability?: DurabilityResult;
}

const HEADING = { weight: 600 };
const SHOW_FIRST_COLOUR = '#b7791f';

interface Block {
  height: number;
  draw: (top: number) => string[];
}

export function drawClusterResults(results: ClusterResults): string {
  const blocks = [
    ...(results.streams === undefined ? [] : streamBlocks(results.streams)),
    ...(results.claims === undefined ? [] : [claimsBlock(results.claims)]),
    ...(results.firstToken === undefined ? [] : [firstTokenBlock(results.firstToken)]),
    ...(results.durability === undefined ? [] : durabilityBlocks(results.durability)),
  ];
  const title = 'Two nodes on PostgreSQL and Redis, with upstream and clients on the same machine';
  const parts = [text(20, 32, title, { size: 16, weight: 600 })];
  let top = 50;
  for (const { height, draw } of blocks) {
    parts.push(...draw(top));
    top += height;
  }
  return drawDocument(top + 10, parts);
}

function streamBlocks({ rows, most }: ClusterStreams): Block[] {
  const isPipe = (row: ClusterStreamRow): boolean => row.server === 'plain Node pipe';
  const pipe = rows.find((row) => isPipe(row) && row.streams === most);
  const nodes = rows.find((row) => !isPipe(row) && row.streams === most);
  const bars: Bar[] = [];
  if (pipe !== undefined && nodes !== undefined) {
    const ratio = nodes.cpuPerTokenUs / pipe.cpuPerTokenUs;
    bars.push({ label: `CPU per token, product / pipe, ${most} streams`, value: ratio, goal: 3, unit: '×' });
  }
  const highest = MOST_LAG_MS * 2;
  const axis = {
    title: 'Lag p99 (ms) by number of streams, 20 tokens a second each',
    marks: [0, 100, MOST_LAG_MS, highest],
    highest,
  };
  const pointsOf = (wanted: (row: ClusterStreamRow) => boolean) =>
    rows.filter(wanted).map((row) => ({ x: row.streams, y: row.lagP99 }));
  const curves = [
    { colour: COLOURS.pipe, points: pointsOf(isPipe) },
    { colour: COLOURS.good, points: pointsOf((row) => !isPipe(row)) },
  ];
  return [
    {
      height: bars.length * ROW_HEIGHT,
      draw: (top) => bars.flatMap((bar, index) => drawBar(bar, top + index * ROW_HEIGHT)),
    },
    {
      height: PLOT.height + 110,
      draw: (top) => [
        ...drawCurves(curves, axis, top + 10),
        text(
          PLOT.left + 10,
          top + PLOT.height + 85,
          'green: two nodes, every token durable before it is shown',
        ),
        text(PLOT.left + 440, top + PLOT.height + 85, 'grey: a plain Node pipe', { colour: COLOURS.faint }),
      ],
    },
  ];
}

function claimsBlock({ instant, waiting }: ClaimsResult): Block {
  const rows = [
    ...instant.map((row) => ({ label: `${row.workers} workers, nothing to do`, value: row.runsPerSecond })),
    ...waiting.map((row) => ({ label: `${row.workers} workers, runs of 100 ms`, value: row.runsPerSecond })),
  ].map((row) => ({ ...row, unit: 'runs/s' }));
  return comparisonBlock('Runs claimed and ended a second', rows);
}

function firstTokenBlock({ added }: ClusterFirstToken): Block {
  return comparisonBlock('Added to the first token, pair by pair', [
    { label: 'p50', value: added.p50, unit: 'ms' },
    { label: 'p99', value: added.p99, unit: 'ms' },
  ]);
}

/** Milliseconds and microseconds each have a scale of their own. */
function durabilityBlocks({ streams, logFirst, showFirst }: DurabilityResult): Block[] {
  type Key = 'lagP50' | 'lagP99' | 'cpuPerTokenUs' | 'postgresPerTokenUs';
  const rows = (names: readonly (readonly [Key, string])[], unit: string) =>
    names.flatMap(([key, label]) => [
      { label: `${label}, log before show`, value: logFirst[key], unit },
      { label: `${label}, show before log`, value: showFirst[key], unit, colour: SHOW_FIRST_COLOUR },
    ]);
  const lags = [
    ['lagP50', 'Lag p50'],
    ['lagP99', 'Lag p99'],
  ] as const;
  const cpu = [
    ['cpuPerTokenUs', 'Product'],
    ['postgresPerTokenUs', 'PostgreSQL'],
  ] as const;
  return [
    comparisonBlock(`The cost of durability in lag, ${streams} streams`, rows(lags, 'ms')),
    comparisonBlock('The cost of durability in CPU for each token', rows(cpu, 'µs')),
  ];
}

function comparisonBlock(title: string, rows: Parameters<typeof drawComparison>[0]): Block {
  return {
    height: rows.length * ROW_HEIGHT + 40,
    draw: (top) => [text(20, top + 20, title, HEADING), ...drawComparison(rows, top + 30)],
  };
}
