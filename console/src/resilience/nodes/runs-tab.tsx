import { listDeferred, type Queue } from '../../api/operations.ts';
import { inLanguage } from '../../i18n/bilingual.ts';
import { formatDateTime, formatDuration, formatNumber } from '../../i18n/format.ts';
import { hasText, type Translate, useLanguage, useText } from '../../i18n/text.ts';
import { type LivePicture, usePoll } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';

const INTERVAL_MS = 2_000;
const NUMBERS = ['running', 'waiting', 'longest', 'deferred', 'later'] as const;

/** What is under way and what waits, and of what is put off, why. */
export function RunsTab({ queues }: { queues: LivePicture<Queue[]> }) {
  const t = useText();
  return (
    <div className="stack-wide">
      <FirstPicture of={queues} />
      {queues.value?.length === 0 && (
        <div className="empty">
          <h2>{t('queue.none')}</h2>
          <p>{t('queue.noneText')}</p>
        </div>
      )}
      {queues.value !== null && queues.value.length > 0 && (
        <table className="grid-table">
          <thead>
            <tr>
              <th scope="col">{t('queue.kind')}</th>
              <th scope="col">{t('queue.workspace')}</th>
              {NUMBERS.map((key) => (
                <th key={key} scope="col" className="number">
                  {t(`queue.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {queues.value.map((queue) => (
              <QueueRow key={`${queue.kind} ${queue.scope} ${queue.workspace_id}`} queue={queue} />
            ))}
          </tbody>
        </table>
      )}
      <DeferredRuns />
    </div>
  );
}

function QueueRow({ queue }: { queue: Queue }) {
  const t = useText();
  const language = useLanguage();
  const longest = queue.longest_wait_seconds;
  const numbers: Record<(typeof NUMBERS)[number], string> = {
    running: formatNumber(language, queue.running),
    waiting: formatNumber(language, queue.waiting),
    longest: longest === null ? '–' : formatDuration(language, Math.max(1, longest)),
    deferred: formatNumber(language, queue.deferred),
    later: formatNumber(language, queue.later),
  };
  return (
    <tr>
      <th scope="row">{kindOf(t, queue.kind)}</th>
      <td data-label={t('queue.workspace')}>
        {queue.scope === 'workspace'
          ? inLanguage(language, queue.workspace_name ?? '')
          : t(`scope.${queue.scope}`)}
      </td>
      {NUMBERS.map((key) => (
        <td key={key} className="number" data-label={t(`queue.${key}`)}>
          {numbers[key]}
        </td>
      ))}
    </tr>
  );
}

function DeferredRuns() {
  const t = useText();
  const language = useLanguage();
  const deferred = usePoll('deferred', listDeferred, INTERVAL_MS);
  if (deferred.value === null || deferred.value.length === 0) return null;
  return (
    <section aria-label={t('deferred.title')}>
      <h2 className="section-title">{t('deferred.title')}</h2>
      <ul className="lines">
        {deferred.value.map(({ id, kind, deferral }) => (
          <li key={id}>
            <strong>{kindOf(t, kind)}</strong>
            <span>{deferral === null ? '' : reasonOf(t, deferral)}</span>
            <span className="muted small">
              {deferral !== null &&
                t('deferred.since', {
                  time: formatDateTime(language, deferral.since),
                  count: deferral.count,
                })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function reasonOf(t: Translate, { code, message }: { code: string; message: string }): string {
  const key = [`modeReason.${code}`, `error.${code}`].find(hasText);
  return key === undefined ? message : t(key);
}

function kindOf(t: Translate, kind: string): string {
  const key = `runKind.${kind}`;
  return hasText(key) ? t(key) : kind;
}
