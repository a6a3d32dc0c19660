import { useId } from 'react';
import { formatDuration } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import type { Plot } from './plots.ts';
import { formatValue } from './values.ts';

const WIDTH = 240;
const HEIGHT = 56;
const MARGIN = 3;

/** A small plot from nought up, with the threshold as a dashed line; in words for those who do not see it. */
export function Sparkline({ plot, label, seconds }: { plot: Plot; label: string; seconds: number }) {
  const t = useText();
  const language = useLanguage();
  const id = useId();
  const { points, threshold, unit } = plot;
  const measured = points.filter((point) => point !== null);
  const top = Math.max(...measured.map((point) => point * 1.2), (threshold?.value ?? 0) * 1.1);
  const y = (value: number) =>
    top === 0 ? HEIGHT - MARGIN : HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
  const x = (index: number) => (index / Math.max(1, points.length - 1)) * WIDTH;
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
      aria-labelledby={`${id}-title ${id}-text`}
    >
      <title id={`${id}-title`}>{label}</title>
      <desc id={`${id}-text`}>
        {description}
        {threshold !== null && ` ${t('plots.thresholdIs', { value: show(threshold.value) })}`}
      </desc>
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
      <path className="sparkline-line" d={pathOf(points, x, y)} />
    </svg>
  );
}

/** Broken where nothing was measured; a value between two gaps is a dot. */
export function pathOf(
  points: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  const round = (value: number) => Math.round(value * 10) / 10;
  let path = '';
  for (const [index, point] of points.entries()) {
    if (point === null) continue;
    const isFirst = (points[index - 1] ?? null) === null;
    path += `${isFirst ? 'M' : 'L'}${round(x(index))} ${round(y(point))}`;
    if (isFirst && (points[index + 1] ?? null) === null) path += 'h0.1';
  }
  return path;
}
