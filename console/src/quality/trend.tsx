import { useId } from 'react';
import type { Evaluation } from '../api/evaluation.ts';
import { formatPercent } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';

const WIDTH = 600;
const HEIGHT = 160;
const EDGE = 6;
const LINES = ['hits', 'answers', 'support'] as const;
type Line = (typeof LINES)[number];

const VALUES: Record<Line, (one: Evaluation) => number | null> = {
  hits: ({ totals }) => totals.hit5,
  answers: ({ totals }) => totals.answers_passed,
  support: ({ totals }) => totals.support,
};

/** How the quality of a set's answers went, from the oldest evaluation to the newest. */
export function Trend({ evaluations }: { evaluations: readonly Evaluation[] }) {
  const t = useText();
  const language = useLanguage();
  const id = useId();
  const oldestFirst = evaluations.toReversed();
  const x = (at: number) => EDGE + (at / Math.max(1, oldestFirst.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (share: number) => HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE);
  const last = (line: Line) => {
    const value = evaluations[0] === undefined ? null : VALUES[line](evaluations[0]);
    return value === null ? '–' : formatPercent(language, value);
  };
  return (
    <figure className="stack">
      <svg
        className="trend"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-labelledby={id}
      >
        <title id={id}>{t('quality.trendText', { count: evaluations.length })}</title>
        {[0, 0.5, 1].map((share) => (
          <line key={share} className="trend-grid" x1="0" x2={WIDTH} y1={y(share)} y2={y(share)} />
        ))}
        {LINES.map((line) => (
          <path
            key={line}
            className={`trend-line is-${line}`}
            d={pathOf(oldestFirst.map(VALUES[line]), x, y)}
          />
        ))}
      </svg>
      <figcaption className="toolbar small">
        {LINES.map((line) => (
          <span key={line}>
            <span className={`trend-key is-${line}`} aria-hidden="true" />
            {t(`quality.line.${line}`)} <strong>{last(line)}</strong>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Gaps stay gaps; a single point is drawn as a dot. */
function pathOf(
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (share: number) => number,
): string {
  return values
    .map((value, at) => {
      if (value === null) return '';
      const begins = (values[at - 1] ?? null) === null;
      const dot = begins && (values[at + 1] ?? null) === null ? 'h4' : '';
      return `${begins ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}${dot}`;
    })
    .join('');
}
