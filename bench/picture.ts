/** Draws the results of a run as one SVG: what has a goal beside its goal, and the lag of the streams as a curve. */
import { type Bar, COLOURS, drawBar, drawCurves, drawDocument, PLOT, ROW_HEIGHT, text } from './svg.ts';
import type { FirstTokenResult } from './system/first-token.ts';
import type { IngestResult } from './system/ingest.ts';
import type { KillGapResult } from './system/kill-gap.ts';
import type { OverloadResult } from './system/overload.ts';
import type { ResourceResult } from './system/resources.ts';
import { MOST_LAG_MS, type StreamRow } from './system/streams.ts';

export interface BenchResults {
  firstToken?: FirstTokenResult;
  killGap?: KillGapResult;
  streams?: StreamRow[];
  overload?: OverloadResult;
  ingest?: IngestResult;
  search?: string;
  resources?: ResourceResult;
}

export function drawResults(results: BenchResults): string {
  const bars = barsOf(results);
  const barsHeight = 60 + bars.length * ROW_HEIGHT;
  const streams = results.streams ?? [];
  const height = barsHeight + (streams.length > 0 ? PLOT.height + 110 : 10);
  return drawDocument(height, [
    text(20, 32, 'Measured against the goal (the line), in one run', { size: 16, weight: 600 }),
    ...bars.flatMap((bar, index) => drawBar(bar, 50 + index * ROW_HEIGHT)),
    ...(streams.length > 0 ? drawLag(streams, barsHeight + 30) : []),
  ]);
}

function barsOf({ firstToken, killGap, streams = [], resources }: BenchResults): Bar[] {
  const bars: Bar[] = [];
  if (firstToken !== undefined) {
    bars.push({ label: 'Added to the first token, p50', value: firstToken.added.p50, goal: 5, unit: 'ms' });
    bars.push({ label: 'Added to the first token, p99', value: firstToken.added.p99, goal: 20, unit: 'ms' });
  }
  if (killGap !== undefined)
    bars.push({
      label: 'Silence when the worker is killed, p99',
      value: killGap.silence.p99,
      goal: 500,
      unit: 'ms',
    });
  const at200 = streams.filter((row) => row.streams === 200);
  const pipe = at200.find((row) => row.server !== 'Budao');
  const budao = at200.find((row) => row.server === 'Budao');
  if (pipe !== undefined && budao !== undefined) {
    bars.push({ label: 'Lag of 200 streams, p99', value: budao.lagP99, goal: 100, unit: 'ms' });
    const ratio = budao.cpuPerTokenUs / pipe.cpuPerTokenUs;
    bars.push({ label: 'CPU per token against a plain pipe', value: ratio, goal: 3, unit: '×' });
  }
  if (resources !== undefined)
    bars.push({ label: 'Start to ready, slowest', value: resources.startMs.max, goal: 2_000, unit: 'ms' });
  return bars;
}

function drawLag(rows: readonly StreamRow[], top: number): string[] {
  const highest = MOST_LAG_MS * 2;
  const curves = [
    ['plain Node pipe', COLOURS.pipe],
    ['Budao', COLOURS.good],
  ].map(([server, colour = COLOURS.ink]) => ({
    colour,
    points: rows.filter((row) => row.server === server).map((row) => ({ x: row.streams, y: row.lagP99 })),
  }));
  const title = 'Lag p99 (ms) by number of streams, 20 tokens a second each';
  return [
    ...drawCurves(curves, { title, marks: [0, 100, MOST_LAG_MS, highest], highest }, top),
    text(PLOT.left + 10, top + PLOT.height + 75, 'green: Budao, every token durable before it is shown'),
    text(PLOT.left + 400, top + PLOT.height + 75, 'grey: a plain Node pipe', { colour: COLOURS.faint }),
  ];
}
