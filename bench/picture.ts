/** Draws the results of a run as one SVG: what has a goal beside its goal, and the lag of the streams as a curve. */
import type { FirstTokenResult } from './system/first-token.ts';
import type { IngestResult } from './system/ingest.ts';
import type { KillGapResult } from './system/kill-gap.ts';
import type { ResourceResult } from './system/resources.ts';
import { MOST_LAG_MS, type StreamRow } from './system/streams.ts';

export interface BenchResults {
  firstToken?: FirstTokenResult;
  killGap?: KillGapResult;
  streams?: StreamRow[];
  ingest?: IngestResult;
  search?: string;
  resources?: ResourceResult;
}

interface Bar {
  label: string;
  value: number;
  goal: number;
  unit: string;
}

const WIDTH = 860;
const LABEL_WIDTH = 300;
const BAR_WIDTH = 360;
const ROW_HEIGHT = 30;
const PLOT = { left: 70, width: 740, height: 240 };
const COLOURS = {
  ink: '#1f2328',
  faint: '#8b949e',
  good: '#1a7f64',
  bad: '#c4432b',
  pipe: '#8b949e',
  grid: '#d8dee4',
};

export function drawResults(results: BenchResults): string {
  const bars = barsOf(results);
  const barsHeight = 60 + bars.length * ROW_HEIGHT;
  const streams = results.streams ?? [];
  const height = barsHeight + (streams.length > 0 ? PLOT.height + 110 : 10);
  const parts = [
    text(20, 32, 'Measured against the goal (the line), in one run', { size: 16, weight: 600 }),
    ...bars.flatMap((bar, index) => drawBar(bar, 50 + index * ROW_HEIGHT)),
    ...(streams.length > 0 ? drawLag(streams, barsHeight + 30) : []),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('');
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

function drawBar({ label, value, goal, unit }: Bar, y: number): string[] {
  // The goal stands at two thirds, so that a miss has room to be seen.
  const goalX = LABEL_WIDTH + (BAR_WIDTH * 2) / 3;
  const width = Math.min(BAR_WIDTH, (value / goal) * ((BAR_WIDTH * 2) / 3));
  const colour = value <= goal ? COLOURS.good : COLOURS.bad;
  return [
    text(20, y + 16, label),
    `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="18" rx="2" fill="${colour}"/>`,
    `<line x1="${goalX}" y1="${y - 2}" x2="${goalX}" y2="${y + 26}" stroke="${COLOURS.ink}" stroke-width="1.5"/>`,
    text(LABEL_WIDTH + BAR_WIDTH + 20, y + 16, `${format(value)} ${unit} (goal ${format(goal)})`),
  ];
}

function drawLag(rows: readonly StreamRow[], top: number): string[] {
  const mostStreams = Math.max(...rows.map((row) => row.streams));
  const highest = MOST_LAG_MS * 2;
  const x = (streams: number): number => PLOT.left + (streams / mostStreams) * PLOT.width;
  const y = (lag: number): number => top + 30 + PLOT.height * (1 - Math.min(lag, highest) / highest);
  const parts = [
    text(20, top + 10, 'Lag p99 (ms) by number of streams, 20 tokens a second each', { weight: 600 }),
  ];
  for (const lag of [0, 100, MOST_LAG_MS, highest]) {
    parts.push(line(PLOT.left, y(lag), PLOT.left + PLOT.width, y(lag), COLOURS.grid));
    parts.push(text(PLOT.left - 10, y(lag) + 4, String(lag), { anchor: 'end', colour: COLOURS.faint }));
  }
  for (const [server, colour] of [
    ['plain Node pipe', COLOURS.pipe],
    ['Budao', COLOURS.good],
  ] as const) {
    const series = rows.filter((row) => row.server === server).sort((a, b) => a.streams - b.streams);
    const points = series.map((row) => `${x(row.streams).toFixed(1)},${y(row.lagP99).toFixed(1)}`);
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    for (const point of points) {
      const [cx, cy] = point.split(',');
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`);
    }
  }
  for (const streams of new Set(rows.map((row) => row.streams)))
    parts.push(
      text(x(streams), top + PLOT.height + 50, String(streams), { anchor: 'middle', colour: COLOURS.faint }),
    );
  parts.push(
    text(PLOT.left + 10, top + PLOT.height + 75, 'green: Budao, every token durable before it is shown'),
  );
  parts.push(
    text(PLOT.left + 400, top + PLOT.height + 75, 'grey: a plain Node pipe', { colour: COLOURS.faint }),
  );
  return parts;
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1}" y1="${y1.toFixed(1)}" x2="${x2}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  style: { size?: number; weight?: number; anchor?: string; colour?: string } = {},
): string {
  const { size = 13, weight = 400, anchor = 'start', colour = COLOURS.ink } = style;
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value % 1 === 0 ? 0 : 1);
}
