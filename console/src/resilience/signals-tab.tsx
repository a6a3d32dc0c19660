import { Segmented } from 'antd';
import { useState } from 'react';
import { type AlertRule, type Layer, listRules, readSignals, type Signals } from '../api/operations.ts';
import { formatDuration } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { usePoll } from '../store/use-poll.ts';
import { FirstPicture, StaleMark } from './live-mark.tsx';
import { PlotTable } from './plot-table.tsx';
import { type Plot, plotsOf } from './plots.ts';
import './plots.css';
import { Sparkline } from './sparkline.tsx';
import { formatValue } from './values.ts';

const LAYERS: readonly Layer[] = ['machine', 'service', 'business'];
const WINDOWS_SECONDS = [900, 3_600, 7_200];
/** As often as processes report. */
const INTERVAL_MS = 5_000;
const RULES_INTERVAL_MS = 60_000;

export function SignalsTab() {
  const t = useText();
  const language = useLanguage();
  const [seconds, setSeconds] = useState(WINDOWS_SECONDS[0] as number);
  const [form, setForm] = useState<'plots' | 'table'>('plots');
  const signals = usePoll(`signals:${seconds}`, (signal) => readSignals(seconds, signal), INTERVAL_MS);
  const rules = usePoll('rules', listRules, RULES_INTERVAL_MS);
  return (
    <div className="stack-wide">
      <div className="row-between">
        <Segmented
          value={seconds}
          onChange={setSeconds}
          aria-label={t('plots.time')}
          options={WINDOWS_SECONDS.map((value) => ({ value, label: formatDuration(language, value) }))}
        />
        <Segmented
          value={form}
          onChange={setForm}
          aria-label={t('plots.form')}
          options={[
            { value: 'plots', label: t('plots.asPlots') },
            { value: 'table', label: t('plots.asTable') },
          ]}
        />
      </div>
      <StaleMark of={[signals]} />
      <FirstPicture of={signals} />
      {signals.value !== null && signals.value.covered_seconds < seconds && (
        <p className="muted small">
          {t('plots.covered', { time: formatDuration(language, Math.max(1, signals.value.covered_seconds)) })}
        </p>
      )}
      {signals.value !== null &&
        LAYERS.map((layer) => (
          <LayerSection
            key={layer}
            layer={layer}
            signals={signals.value as Signals}
            rules={rules.value ?? []}
            form={form}
          />
        ))}
    </div>
  );
}

interface LayerSectionProps {
  layer: Layer;
  signals: Signals;
  rules: readonly AlertRule[];
  form: 'plots' | 'table';
}

function LayerSection({ layer, signals, rules, form }: LayerSectionProps) {
  const t = useText();
  const plots = plotsOf(layer, signals, rules);
  return (
    <section aria-labelledby={`layer-${layer}`}>
      <h2 id={`layer-${layer}`} className="section-title">
        {t(`layer.${layer}`)} <span className="muted small">{t(`layer.${layer}.text`)}</span>
      </h2>
      {form === 'table' ? (
        <PlotTable plots={plots} />
      ) : (
        <ul className="tiles">
          {plots.map((plot) => (
            <PlotTile key={plot.id} plot={plot} seconds={signals.seconds} />
          ))}
        </ul>
      )}
    </section>
  );
}

function PlotTile({ plot, seconds }: { plot: Plot; seconds: number }) {
  const t = useText();
  const language = useLanguage();
  const label = t(`plot.${plot.id}` as 'plot.streams');
  const { value, threshold, unit } = plot;
  return (
    <li className={plot.isBad ? 'tile is-bad' : 'tile'} data-plot={plot.id}>
      <div className="tile-head">
        <span>{label}</span>
        <strong>{value === null ? '–' : formatValue(t, language, unit, value)}</strong>
      </div>
      <Sparkline plot={plot} seconds={seconds} />
      <div className="tile-foot">
        <span>{t(plot.isNow ? 'plots.now' : 'plots.whole')}</span>
        {threshold !== null && (
          <span>
            {t('plots.thresholdIs', { value: formatValue(t, language, unit, threshold.value) })}
            {plot.isBad && ` · ${t('plots.beyond')}`}
          </span>
        )}
      </div>
    </li>
  );
}
