/** Inline pictures of a report, on one axis of time: phases with faults, probes of each second, and the longest gaps. */
import type { DrillReport } from '../../../contract/drill-report.ts';
import { escapeHtml, formatMs } from './format.ts';
import type { Words } from './words-en.ts';

const WIDTH = 720;
const LEFT = 76;
const RIGHT = 14;
const PLOT = WIDTH - LEFT - RIGHT;
const COLOURS = {
  ink: '#1f2328',
  faint: '#6e7781',
  grid: '#d8dee4',
  good: '#1a7f64',
  bad: '#c4432b',
  fault: '#c4432b',
  alert: '#9a6700',
  back: '#1a7f64',
};
const PHASE_COLOURS: Record<string, string> = {
  prepare: '#eaeef2',
  steady: '#d7eee4',
  fault: '#fbdcd4',
  recover: '#fdeccb',
  verify: '#d9e7f8',
  failback: '#e8ddf5',
  clean: '#eaeef2',
};

export function drawTimeline(report: DrillReport, words: Words): string {
  const axis = axisOf(report);
  const phases = phasesOf(report);
  const faultsTop = 44;
  const bottom = faultsTop + Math.max(1, report.faults.length) * 24 + 30;
  const parts = [
    text(LEFT - 8, 26, words.legend.phase, { anchor: 'end', colour: COLOURS.faint }),
    ...phases.flatMap(({ phase, fromMs, toMs }) => {
      const [x, width] = [axis.x(fromMs), Math.max(1, axis.x(toMs) - axis.x(fromMs))];
      const name = words.phases[phase] ?? phase;
      return [
        rect(x, 12, width, 22, PHASE_COLOURS[phase] ?? COLOURS.grid),
        ...(width > name.length * 8 ? [text(x + 4, 27, name, { size: 11 })] : []),
      ];
    }),
    ...report.faults.flatMap((fault, index) => {
      const y = faultsTop + index * 24;
      const endMs = fault.undone_ms ?? fault.began_ms + (fault.rto_ms ?? 0);
      const x = axis.x(fault.began_ms);
      const width = Math.max(3, axis.x(endMs) - x);
      const label = `${fault.fault} → ${fault.target}`;
      const isRight = x > WIDTH / 2;
      return [
        rect(x, y, width, 14, COLOURS.fault),
        text(isRight ? x - 6 : x + width + 6, y + 12, label, { size: 11, anchor: isRight ? 'end' : 'start' }),
        ...(fault.rto_ms === null
          ? []
          : [mark(axis.x(fault.began_ms + fault.rto_ms), y - 2, 18, COLOURS.back)]),
      ];
    }),
    ...report.timeline
      .filter(({ kind, result }) => kind === 'alert' && result.startsWith('firing'))
      .map(({ at_ms: at }) => mark(axis.x(at), 8, bottom - 38, COLOURS.alert)),
    ...axis.draw(bottom - 18),
  ];
  const legend = [
    [COLOURS.fault, words.legend.fault],
    [COLOURS.back, words.legend.back],
    [COLOURS.alert, words.legend.alert],
  ].flatMap(([colour = '', name = ''], index) => [
    rect(LEFT + index * 130, bottom + 8, 10, 10, colour),
    text(LEFT + index * 130 + 15, bottom + 17, name, { size: 11 }),
  ]);
  return svg(bottom + 24, [...parts, ...legend], words.headings.picture);
}

export function drawThroughput(report: DrillReport, words: Words): string {
  const axis = axisOf(report);
  const height = 110;
  const most = Math.max(1, ...report.throughput.map(({ good, bad }) => good + bad));
  const width = Math.max(0.8, axis.x(1_000) - axis.x(0) - 0.6);
  const bars = report.throughput.flatMap(({ second, good, bad }) => {
    const x = axis.x(second * 1_000);
    const [goodHeight, badHeight] = [(good / most) * height, (bad / most) * height];
    return [
      ...(good === 0 ? [] : [rect(x, 10 + height - goodHeight, width, goodHeight, COLOURS.good)]),
      ...(bad === 0 ? [] : [rect(x, 10 + height - goodHeight - badHeight, width, badHeight, COLOURS.bad)]),
    ];
  });
  const faults = report.faults.map(({ began_ms: at }) => mark(axis.x(at), 4, height + 6, COLOURS.ink));
  const legend = [
    rect(LEFT, height + 36, 10, 10, COLOURS.good),
    text(LEFT + 15, height + 45, words.legend.good, { size: 11 }),
    rect(LEFT + 130, height + 36, 10, 10, COLOURS.bad),
    text(LEFT + 145, height + 45, words.legend.bad, { size: 11 }),
  ];
  const marks = [0, most].flatMap((value) => {
    const y = 10 + height - (value / most) * height;
    return [
      line(LEFT, y, WIDTH - RIGHT, y),
      text(LEFT - 8, y + 4, String(value), { anchor: 'end', colour: COLOURS.faint }),
    ];
  });
  return svg(
    height + 54,
    [...marks, ...bars, ...faults, ...axis.draw(height + 10), ...legend],
    words.headings.throughput,
  );
}

export function drawGaps(report: DrillReport, words: Words): string {
  const target = report.gates.find(({ gate }) => gate === 'client-gap')?.target ?? null;
  const silence = report.results.streams.silence_p99_ms;
  const silenceTarget = report.gates.find(({ gate }) => gate === 'stream-silence')?.target ?? null;
  const rows = [
    ...report.results.gaps.map(({ kind, ms, open }) => ({
      name: words.probes[kind] ?? kind,
      ms,
      isOpen: open,
      target,
    })),
    ...(silence === null
      ? []
      : [{ name: words.gates['stream-silence'], ms: silence, isOpen: false, target: silenceTarget }]),
  ];
  if (rows.length === 0) return `<p>${words.none}</p>`;
  const left = 180;
  const most = Math.max(1, ...rows.map(({ ms, target: goal }) => Math.max(ms, goal ?? 0))) * 1.05;
  const x = (ms: number): number => left + (ms / most) * (WIDTH - left - 110);
  const parts = rows.flatMap(({ name, ms, isOpen, target: goal }, index) => {
    const y = 8 + index * 26;
    const isOver = goal !== null && ms > goal;
    return [
      text(left - 8, y + 13, name, { anchor: 'end', size: 12 }),
      rect(left, y, Math.max(1, x(ms) - left), 16, isOver || isOpen ? COLOURS.bad : COLOURS.good),
      ...(goal === null ? [] : [mark(x(goal), y - 3, 22, COLOURS.ink)]),
      text(Math.max(x(ms), goal === null ? 0 : x(goal)) + 8, y + 13, `${isOpen ? '≥ ' : ''}${formatMs(ms)}`, {
        size: 12,
      }),
    ];
  });
  return svg(12 + rows.length * 26, parts, words.headings.gaps);
}

interface Axis {
  x: (ms: number) => number;
  draw: (y: number) => string[];
}

function axisOf(report: DrillReport): Axis {
  const endMs = Math.max(1_000, report.throughput.length * 1_000);
  const x = (ms: number): number => LEFT + (Math.min(Math.max(0, ms), endMs) / endMs) * PLOT;
  const step = stepFor(endMs / 1_000);
  const marks = Array.from({ length: Math.floor(endMs / 1_000 / step) + 1 }, (_, index) => index * step);
  const draw = (y: number): string[] =>
    marks.flatMap((second) => [
      line(x(second * 1_000), y, x(second * 1_000), y + 4),
      text(x(second * 1_000), y + 16, `${second} s`, { anchor: 'middle', size: 10, colour: COLOURS.faint }),
    ]);
  return { x, draw };
}

/** About eight marks, at round seconds. */
function stepFor(seconds: number): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
  return steps.find((step) => seconds / step <= 9) ?? 7_200;
}

function phasesOf(report: DrillReport): { phase: string; fromMs: number; toMs: number }[] {
  const edges = report.timeline.filter(({ kind }) => kind === 'phase');
  const endMs = report.throughput.length * 1_000;
  return edges.flatMap(({ action, at_ms: fromMs }, index) => {
    const [phase = '', edge] = action.split(' ');
    if (edge !== 'begin') return [];
    const end = edges.slice(index + 1).find((other) => other.action === `${phase} end`);
    return [{ phase, fromMs, toMs: end?.at_ms ?? endMs }];
  });
}

function svg(height: number, parts: readonly string[], title: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height.toFixed(0)}" role="img" aria-label="${escapeHtml(title)}">${parts.join('')}</svg>`;
}

function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"/>`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${COLOURS.grid}"/>`;
}

function mark(x: number, y: number, height: number, colour: string): string {
  return `<line x1="${x.toFixed(1)}" y1="${y.toFixed(1)}" x2="${x.toFixed(1)}" y2="${(y + height).toFixed(1)}" stroke="${colour}" stroke-width="1.6"/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  style: { size?: number; anchor?: string; colour?: string } = {},
): string {
  const { size = 12, anchor = 'start', colour = COLOURS.ink } = style;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" text-anchor="${anchor}" fill="${colour}">${escapeHtml(content)}</text>`;
}
