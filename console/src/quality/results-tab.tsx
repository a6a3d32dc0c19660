import { Button, Checkbox } from 'antd';
import { useState } from 'react';
import {
  type Comparison,
  compareEvaluations,
  type GoldenSet,
  listEvaluations,
  setBaseline,
  startEvaluation,
} from '../api/evaluation.ts';
import { formatDateTime, formatPercent } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { Loading } from '../shell/loading.tsx';
import { useFeedback } from '../shell/use-feedback.ts';
import { useLoad } from '../store/use-load.ts';
import { Checks, VerdictMark } from './checks.tsx';
import { EvaluationDrawer } from './evaluation-drawer.tsx';
import { followRun } from './follow-run.ts';
import { Trend } from './trend.tsx';

/** What was found with a set, the newest first; two of them can be compared. */
export function ResultsTab({ set, onChanged }: { set: GoldenSet; onChanged: () => void }) {
  const t = useText();
  const { fail, tell } = useFeedback();
  const results = useLoad(`evaluations:${set.id}`, (signal) => listEvaluations(set.id, signal));
  const [busy, setBusy] = useState(false);
  const [judge, setJudge] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [comparison, setComparison] = useState<Comparison | null>(null);
  const evaluations = results.value ?? [];

  const evaluate = async () => {
    setBusy(true);
    try {
      const { run_id: runId } = await startEvaluation(set.id, judge);
      await followRun(runId);
      tell(t('quality.evaluated'));
    } finally {
      setBusy(false);
      void results.reload();
      onChanged();
    }
  };
  const compare = async () => {
    // The list is newest first: the later one of the two is what is judged.
    const [after = '', before = ''] = evaluations.map(({ id }) => id).filter((id) => chosen.includes(id));
    setComparison(await compareEvaluations(before, after));
  };
  const makeBaseline = async (id: string) => {
    await setBaseline(set.id, id);
    tell(t('quality.baselineSet'));
    void results.reload();
    onChanged();
  };

  return (
    <div className="stack-wide">
      <div className="toolbar">
        <Button
          type="primary"
          loading={busy}
          disabled={set.questions === 0}
          onClick={() => void evaluate().catch(fail)}
        >
          {t('quality.evaluate')}
        </Button>
        <Checkbox checked={judge} onChange={({ target }) => setJudge(target.checked)}>
          {t('quality.judge')}
        </Checkbox>
        <Button disabled={chosen.length !== 2} onClick={() => void compare().catch(fail)}>
          {t('quality.compare')}
        </Button>
      </div>
      <Loading of={results} />
      {results.value?.length === 0 && <p className="muted">{t('quality.noResults')}</p>}
      {evaluations.length > 0 && <Trend evaluations={evaluations} />}
      {comparison !== null && (
        <section aria-labelledby="comparison" className="card">
          <div className="card-head">
            <strong id="comparison">{t('quality.comparison')}</strong>
            <VerdictMark verdict={comparison.verdict} />
          </div>
          <Checks comparison={comparison} />
        </section>
      )}
      {evaluations.length > 0 && (
        <ResultTable
          evaluations={evaluations}
          chosen={chosen}
          onChoose={(id, wanted) =>
            setChosen((old) => (wanted ? [...old, id].slice(-2) : old.filter((one) => one !== id)))
          }
          onShow={setShown}
          onBaseline={(id) => void makeBaseline(id).catch(fail)}
        />
      )}
      {shown !== null && <EvaluationDrawer id={shown} onClose={() => setShown(null)} />}
    </div>
  );
}

function ResultTable({
  evaluations,
  chosen,
  onChoose,
  onShow,
  onBaseline,
}: {
  evaluations: NonNullable<Awaited<ReturnType<typeof listEvaluations>>>;
  chosen: readonly string[];
  onChoose: (id: string, wanted: boolean) => void;
  onShow: (id: string) => void;
  onBaseline: (id: string) => void;
}) {
  const t = useText();
  const language = useLanguage();
  const share = (value: number | null) => (value === null ? '–' : formatPercent(language, value));
  return (
    <table className="grid-table">
      <thead>
        <tr>
          <th scope="col">{t('quality.time')}</th>
          <th scope="col">{t('quality.occasion')}</th>
          <th scope="col">{t('quality.verdict')}</th>
          <th scope="col" className="number">
            {t('quality.line.hits')}
          </th>
          <th scope="col" className="number">
            {t('quality.line.answers')}
          </th>
          <th scope="col">{t('table.actions')}</th>
        </tr>
      </thead>
      <tbody>
        {evaluations.map((one) => {
          const time = formatDateTime(language, one.created_at);
          return (
            <tr key={one.id} data-evaluation={one.id}>
              <th scope="row">
                <Checkbox
                  checked={chosen.includes(one.id)}
                  aria-label={t('quality.choose', { time })}
                  onChange={({ target }) => onChoose(one.id, target.checked)}
                />{' '}
                {time}
              </th>
              <td data-label={t('quality.occasion')}>{t(`occasion.${one.occasion}`)}</td>
              <td data-label={t('quality.verdict')}>
                <VerdictMark verdict={one.verdict} />
              </td>
              <td data-label={t('quality.line.hits')} className="number">
                {share(one.totals.hit5)}
              </td>
              <td data-label={t('quality.line.answers')} className="number">
                {share(one.totals.answers_passed)}
              </td>
              <td>
                <span className="toolbar">
                  <Button
                    size="small"
                    aria-label={t('quality.showOf', { time })}
                    onClick={() => onShow(one.id)}
                  >
                    {t('quality.show')}
                  </Button>
                  {one.is_baseline ? (
                    <span className="state is-good">{t('quality.baseline')}</span>
                  ) : (
                    <Button
                      size="small"
                      aria-label={t('quality.baselineOf', { time })}
                      onClick={() => onBaseline(one.id)}
                    >
                      {t('quality.makeBaseline')}
                    </Button>
                  )}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
