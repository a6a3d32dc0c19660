import { Button, Progress } from 'antd';
import { type BackupRun, cancelBackupRun } from '../../api/backups.ts';
import { hasText, useText } from '../../i18n/text.ts';
import { useFeedback } from '../../shell/use-feedback.ts';

/** What is under way, with how far it is. */
export function BackupRuns({ runs, onChanged }: { runs: readonly BackupRun[]; onChanged: () => void }) {
  const t = useText();
  return (
    <div role="status" aria-live="polite">
      {runs.length > 0 && (
        <ul className="lines" aria-label={t('backup.running')}>
          {runs.map((run) => (
            <RunRow key={run.id} run={run} onChanged={onChanged} />
          ))}
        </ul>
      )}
    </div>
  );
}

function RunRow({ run, onChanged }: { run: BackupRun; onChanged: () => void }) {
  const t = useText();
  const { fail } = useFeedback();
  const { progress, status, task, repository } = run;
  const phase = `carePhase.${progress?.phase ?? ''}`;
  const share = progress === null || progress.total === 0 ? 0 : progress.done / progress.total;
  const name = t('backup.taskIn', { task: t(`careTask.${task}`), repository });
  return (
    <li className="row-between backup-run" data-backup-run={task}>
      <div className="backup-run-text">
        <strong>{name}</strong>{' '}
        <span className="muted small">
          {status === 'queued' ? t('backup.waits') : hasText(phase) ? t(phase) : ''}
        </span>
        <Progress percent={Math.round(share * 100)} size="small" aria-label={name} />
      </div>
      <Button
        aria-label={t('backup.stopOf', { name })}
        onClick={() => void cancelBackupRun(run.id).then(onChanged, fail)}
      >
        {t('backup.stop')}
      </Button>
    </li>
  );
}
