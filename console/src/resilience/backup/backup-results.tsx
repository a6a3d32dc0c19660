import type { BackupResult, BackupSchedules } from '../../api/backups.ts';
import { failureText } from '../../i18n/error-text.ts';
import { formatDateTime, formatDuration, formatNumber, formatPercent } from '../../i18n/format.ts';
import { type Language, type Translate, useLanguage, useText } from '../../i18n/text.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { rehearsalOf } from './rehearsal-figures.ts';

const TONES = { pass: 'good', fail: 'bad', inconclusive: 'warn' } as const;
const PROOFS = ['verify', 'rehearse'] as const;

/** What the last verification and the last rehearsal have proven, and what is to be done about it. */
export function LatestProofs({ schedules }: { schedules: LivePicture<BackupSchedules> }) {
  const t = useText();
  const tasks = schedules.value?.tasks ?? [];
  const latest = tasks
    .filter(({ task }) => PROOFS.some((proof) => proof === task))
    .flatMap((task) => task.latest);
  return (
    <section aria-labelledby="proofs">
      <h2 id="proofs" className="section-title">
        {t('proof.title')} <span className="muted small">{t('proof.text')}</span>
      </h2>
      <FirstPicture of={schedules} />
      {schedules.value !== null && latest.length === 0 && <p className="notice is-warn">{t('proof.none')}</p>}
      <ul className="cards">
        {latest.map((result) => (
          <ProofCard key={result.id} result={result} />
        ))}
      </ul>
    </section>
  );
}

function ProofCard({ result }: { result: BackupResult }) {
  const t = useText();
  const language = useLanguage();
  const facts = factsOf(t, language, result);
  return (
    <li className={`card is-${TONES[result.verdict]}`} data-proof={result.task}>
      <div className="card-head">
        <div>
          <strong>
            {t('backup.taskIn', { task: t(`careTask.${result.task}`), repository: result.repository })}
          </strong>
          <span className="muted small">{formatDateTime(language, result.finished_at)}</span>
        </div>
        <Verdict result={result} />
      </div>
      <Action result={result} />
      <dl className="facts">
        {facts.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function Verdict({ result }: { result: BackupResult }) {
  const t = useText();
  return <span className={`state is-${TONES[result.verdict]}`}>{t(`verdict.${result.verdict}`)}</span>;
}

/** What was found, and what to do; the service's own words say which file it was. */
function Action({ result }: { result: BackupResult }) {
  const t = useText();
  const { code, message, verdict } = result;
  if (verdict === 'pass' || message === null) return null;
  const { what, advice } = failureText(t, code, message);
  return (
    <div className={`notice is-${TONES[verdict]}`}>
      <strong>{what}</strong>
      {advice !== null && <span>{advice}</span>}
      {what !== message && <span className="muted small">{message}</span>}
    </div>
  );
}

function factsOf(t: Translate, language: Language, result: BackupResult): { label: string; value: string }[] {
  const facts = [{ label: t('proof.took'), value: formatDuration(language, result.duration_seconds) }];
  const add = (label: string, value: string) => facts.push({ label, value });
  const { rtoMs, rpoMs, retrieval, answers } = rehearsalOf(result);
  if (typeof rtoMs === 'number') add(t('proof.rto'), formatDuration(language, rtoMs / 1_000));
  if (typeof rpoMs === 'number') add(t('proof.rpo'), formatDuration(language, rpoMs / 1_000));
  if (retrieval) {
    const { identical, questions } = retrieval;
    add(t('proof.retrieval'), `${formatNumber(language, identical)} / ${formatNumber(language, questions)}`);
  }
  if (answers) {
    const { score, baselineScore } = answers;
    const before = baselineScore === null ? '–' : formatPercent(language, baselineScore);
    add(t('proof.answers'), `${formatPercent(language, score)} / ${before}`);
  }
  if (result.task === 'verify') {
    const { packs, packsRead, withKey } = (result.evidence ?? {}) as Record<string, unknown>;
    if (typeof packs === 'number' && typeof packsRead === 'number')
      add(t('proof.packs'), `${formatNumber(language, packsRead)} / ${formatNumber(language, packs)}`);
    if (typeof withKey === 'boolean') add(t('proof.opened'), t(withKey ? 'proof.yes' : 'proof.no'));
  }
  return facts;
}

/** All that was done lately, the newest first. */
export function Results({ results }: { results: LivePicture<BackupResult[]> }) {
  const t = useText();
  const language = useLanguage();
  return (
    <details className="folded">
      <summary>
        <h2 className="section-title">{t('result.title')}</h2>
      </summary>
      <FirstPicture of={results} />
      {results.value?.length === 0 && <p className="muted">{t('result.none')}</p>}
      {results.value !== null && results.value.length > 0 && (
        <table className="grid-table">
          <thead>
            <tr>
              <th scope="col">{t('result.task')}</th>
              <th scope="col">{t('result.verdict')}</th>
              <th scope="col">{t('result.finished')}</th>
              <th scope="col">{t('result.occasion')}</th>
              <th scope="col" className="number">
                {t('proof.took')}
              </th>
            </tr>
          </thead>
          <tbody>
            {results.value.map((result) => (
              <tr key={result.id}>
                <th scope="row">
                  {t('backup.taskIn', { task: t(`careTask.${result.task}`), repository: result.repository })}
                </th>
                <td className="is-mark">
                  <Verdict result={result} />
                </td>
                <td data-label={t('result.finished')}>{formatDateTime(language, result.finished_at)}</td>
                <td data-label={t('result.occasion')}>{t(`occasion.${result.occasion}`)}</td>
                <td className="number" data-label={t('proof.took')}>
                  {formatDuration(language, result.duration_seconds)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
