import { useState } from 'react';
import {
  type BackupSnapshot,
  listBackupRuns,
  listRepositories,
  listResults,
  listSnapshots,
  readBackup,
  readSchedules,
} from '../../api/backups.ts';
import { session } from '../../api/session.ts';
import { useText } from '../../i18n/text.ts';
import { useObservable } from '../../store/observable.ts';
import { usePoll } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { BackupOverview } from './backup-overview.tsx';
import { LatestProofs, Results } from './backup-results.tsx';
import { BackupRuns } from './backup-runs.tsx';
import { Repositories } from './repositories.tsx';
import { RestoreGuide } from './restore-guide.tsx';
import { Schedules } from './schedules.tsx';
import { Snapshots } from './snapshots.tsx';
import './backup.css';

const OFTEN_MS = 2_000;
/** A repository far away is asked for each of them. */
const SELDOM_MS = 15_000;

/** Whether what is here could be brought back: where it is kept, whether that was proven, and what to do when it is needed. */
export function BackupTab() {
  const t = useText();
  const isOperator = useObservable(session).account?.operator === true;
  return isOperator ? <OperatorsView /> : <p className="muted">{t('backup.operatorsOnly')}</p>;
}

function OperatorsView() {
  const t = useText();
  const backup = usePoll('backup', readBackup, OFTEN_MS);
  const runs = usePoll('backup-runs', listBackupRuns, OFTEN_MS);
  const schedules = usePoll('backup-schedules', readSchedules, OFTEN_MS);
  const results = usePoll('backup-results', listResults, OFTEN_MS);
  const repositories = usePoll('backup-repositories', listRepositories, SELDOM_MS);
  const snapshots = usePoll('backup-snapshots', listSnapshots, SELDOM_MS);
  const [restoring, setRestoring] = useState<BackupSnapshot | null>(null);
  const changed = () => {
    runs.readNow();
    results.readNow();
    schedules.readNow();
    snapshots.readNow();
  };
  if (backup.value === null) return <FirstPicture of={backup} />;
  if (backup.value.repositories.length === 0)
    return (
      <div className="empty">
        <h2>{t('backup.none')}</h2>
        <p>{t('backup.noneText')}</p>
      </div>
    );
  return (
    <div className="stack-wide">
      <BackupOverview backup={backup.value} schedules={schedules.value} />
      <BackupRuns runs={runs.value ?? []} onChanged={changed} />
      <LatestProofs schedules={schedules} />
      <Repositories repositories={repositories} runs={runs.value ?? []} onStarted={changed} />
      <Schedules schedules={schedules} />
      <Snapshots snapshots={snapshots} onRestore={setRestoring} />
      <Results results={results} />
      {restoring !== null && <RestoreGuide snapshot={restoring} onClose={() => setRestoring(null)} />}
    </div>
  );
}
