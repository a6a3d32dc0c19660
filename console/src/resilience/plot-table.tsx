import { useLanguage, useText } from '../i18n/text.ts';
import type { Plot } from './plots.ts';
import { formatValue } from './values.ts';

/** The same in numbers. */
export function PlotTable({ plots }: { plots: readonly Plot[] }) {
  const t = useText();
  const language = useLanguage();
  const columns = ['plots.value', 'plots.least', 'plots.most', 'plots.threshold'] as const;
  return (
    <table className="grid-table">
      <thead>
        <tr>
          <th scope="col">{t('plots.signal')}</th>
          {columns.map((key) => (
            <th key={key} scope="col" className="number">
              {t(key)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {plots.map(({ id, unit, value, points, threshold, isBad }) => {
          const measured = points.filter((point) => point !== null);
          const show = (one: number | null | undefined) =>
            one === null || one === undefined ? '–' : formatValue(t, language, unit, one);
          const cells = [
            show(value),
            show(measured.length === 0 ? null : Math.min(...measured)),
            show(measured.length === 0 ? null : Math.max(...measured)),
            show(threshold?.value),
          ];
          return (
            <tr key={id}>
              <th scope="row">{t(`plot.${id}` as 'plot.streams')}</th>
              {cells.map((cell, index) => (
                <td
                  key={columns[index]}
                  className={isBad && index === 0 ? 'number bad' : 'number'}
                  data-label={t(columns[index] as 'plots.value')}
                >
                  {cell}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
