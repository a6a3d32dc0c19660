import { Drawer } from 'antd';
import { readEvaluation } from '../api/evaluation.ts';
import { formatPercent } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { Loading } from '../shell/loading.tsx';
import { useLoad } from '../store/use-load.ts';
import { Checks, VerdictMark } from './checks.tsx';

/** One evaluation: the verdict, the figures, and the questions that did not pass. */
export function EvaluationDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useText();
  const language = useLanguage();
  const loaded = useLoad(`evaluation:${id}`, (signal) => readEvaluation(id, signal));
  const whole = loaded.value;
  const share = (value: number | null) => (value === null ? '–' : formatPercent(language, value));
  const failed = (whole?.result.questions ?? []).filter(
    (one) => one.answer_passed === false || one.retrieval_passed === false,
  );
  return (
    <Drawer open title={t('quality.evaluation')} size={720} onClose={onClose}>
      <Loading of={loaded} />
      {whole !== null && (
        <div className="stack-wide quality">
          <div className="toolbar">
            <VerdictMark verdict={whole.verdict} />
            <span className="muted small">{whole.id}</span>
          </div>
          <ul className="tags">
            {(
              [
                ['hit1', whole.totals.hit1],
                ['hit5', whole.totals.hit5],
                ['mrr', whole.totals.mrr],
                ['facts', whole.totals.fact_recall],
                ['declines', whole.totals.decline_rate],
                ['falseDeclines', whole.totals.false_decline_rate],
                ['support', whole.totals.support],
                ['answers', whole.totals.answers_passed],
              ] as const
            ).map(([name, value]) => (
              <li key={name} className="state is-open">
                {t(`quality.figure.${name}`)} {share(value)}
              </li>
            ))}
          </ul>
          <Checks comparison={whole.comparison} />
          <section>
            <h2 className="section-title">{t('quality.failedQuestions', { count: failed.length })}</h2>
            <ul className="lines">
              {failed.map((one) => (
                <li key={one.id}>
                  <details>
                    <summary>
                      <strong>{one.question}</strong>{' '}
                      <span className="muted small">
                        {[
                          ...one.failures.map((failure) => t(`failure.${failure}`)),
                          ...(one.retrieval_passed === false ? [t('failure.retrieval')] : []),
                        ].join(' · ')}
                      </span>
                    </summary>
                    <p className="answer-text">{one.answer?.text ?? one.error?.message ?? ''}</p>
                  </details>
                </li>
              ))}
            </ul>
          </section>
        </div>
      )}
    </Drawer>
  );
}
