import type { Backup, BackupResult, BackupSchedules } from '../../api/backups.ts';
import { formatDateTime, formatDuration } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { rehearsalOf } from './rehearsal-figures.ts';

interface BackupOverviewProps {
  backup: Backup;
  schedules: BackupSchedules | null;
}

const DAY_SECONDS = 86_400;

/** What would be lost now, and how long it would take to be back. */
export function BackupOverview({ backup, schedules }: BackupOverviewProps) {
  const t = useText();
  const language = useLanguage();
  const { rpo_seconds: rpo, newest_snapshot_at: newest, streams } = backup;
  const waiting = streams.filter(({ phase }) => phase === 'waiting');
  const rehearsal = newestRehearsal(schedules);
  const rto = rehearsal === null ? null : (rehearsalOf(rehearsal).rtoMs ?? null);
  const facts = [
    {
      key: 'rpo',
      value: rpo === null ? t('backup.everything') : formatDuration(language, Math.max(1, Math.round(rpo))),
      note: rpo === null ? t('backup.nothingYet') : t('backup.rpoText'),
      tone: rpo === null ? 'bad' : rpo > 2 * DAY_SECONDS ? 'warn' : 'good',
    },
    {
      key: 'rto',
      value: rto === null ? '–' : formatDuration(language, rto / 1_000),
      note: rto === null ? t('backup.rtoUnknown') : t('backup.rtoText'),
      tone: rto === null ? 'warn' : 'good',
    },
    {
      key: 'newest',
      value: newest === null ? '–' : formatDateTime(language, newest),
      note: newest === null ? t('backup.nothingYet') : t('backup.newestText'),
      tone: newest === null ? 'bad' : 'good',
    },
    {
      key: 'stream',
      value:
        streams.length === 0 ? t('backup.noStream') : t(`streamPhase.${streams[0]?.phase ?? 'starting'}`),
      note: waiting[0]?.reason?.message ?? t('backup.streamText'),
      tone: waiting.length > 0 ? 'bad' : streams.length === 0 ? 'open' : 'good',
    },
  ] as const;
  return (
    <dl className="summary backup-summary" aria-label={t('backup.summary')}>
      {facts.map(({ key, value, note, tone }) => (
        <div key={key} className={`summary-card is-${tone}`} data-fact={key}>
          <dt className="muted small">{t(`backup.${key}`)}</dt>
          <dd>
            <strong>{value}</strong>
            <span className="summary-note small">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function newestRehearsal(schedules: BackupSchedules | null): BackupResult | null {
  const latest = schedules?.tasks.find(({ task }) => task === 'rehearse')?.latest ?? [];
  return latest.toSorted((one, other) => other.finished_at - one.finished_at)[0] ?? null;
}
