import { useId } from 'react';
import { formatDuration } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import type { Plot } from './plots.ts';
import { formatValue } from './values.ts';

const WIDTH = 240;
const HEIGHT = 56;
const MARGIN = 3;

/** A small plot from nought up, with the threshold as a dashed line; in words for those who do not see it. */
export function Sparkline({ plot, seconds }: { plot: Plot; seconds: number }) {
  const t = useText();
  const language = useLanguage();
  const id = useId();
  const { points, threshold, unit } = plot;
  const measured = points.filter((point) => point !== null);
  const top = Math.max(...measured.map((point) => point * 1.2), (threshold?.value ?? 0) * 1.1);
  const y = (value: number) =>
    top === 0 ? HEIGHT - MARGIN : HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
  const x = (index: number) => MARGIN + (index / Math.max(1, points.length - 1)) * (WIDTH - 2 * MARGIN);
  const show = (value: number) => formatValue(t, language, unit, value);
  const description =
    measured.length === 0
      ? t('plots.nothing')
      : t('plots.description', {
          time: formatDuration(language, seconds),
          least: show(Math.min(...measured)),
          most: show(Math.max(...measured)),
          last: show(measured.at(-1) ?? 0),
        });
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-labelledby={id}
    >
      <title id={id}>{description}</title>
      <line className="sparkline-ground" x1="0" x2={WIDTH} y1={y(0)} y2={y(0)} />
      {threshold !== null && (
        <line
          className="sparkline-threshold"
          x1="0"
          x2={WIDTH}
          y1={y(threshold.value)}
          y2={y(threshold.value)}
        />
      )}
      <path className="sparkline-line" d={lineOf(points, x, y)} />
      <path className="sparkline-line is-single" d={singlesOf(points, x, y)} />
    </svg>
  );
}

type Scale = (of: number) => number;

/** Broken where nothing was measured. */
export function lineOf(points: Plot['points'], x: Scale, y: Scale): string {
  const steps = points.map((point, index) => {
    if (point === null || isSingle(points, index)) return '';
    const isFirst = (points[index - 1] ?? null) === null;
    return `${isFirst ? 'M' : 'L'}${round(x(index))} ${round(y(point))}`;
  });
  return steps.join('');
}

/** A value between two gaps is a dot. */
export function singlesOf(points: Plot['points'], x: Scale, y: Scale): string {
  const dots = points.map((point, index) =>
    point !== null && isSingle(points, index) ? `M${round(x(index))} ${round(y(point))}h0.01` : '',
  );
  return dots.join('');
}

function isSingle(points: Plot['points'], index: number): boolean {
  return (points[index - 1] ?? null) === null && (points[index + 1] ?? null) === null;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
