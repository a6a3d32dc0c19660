import { Button } from 'antd';
import { useState } from 'react';
import {
  BACKUP_TASKS,
  type BackupRepository,
  type BackupRun,
  type BackupTask,
  startBackupRun,
} from '../../api/backups.ts';
import { failureText } from '../../i18n/error-text.ts';
import { formatBytes, formatDateTime, formatNumber } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { useFeedback } from '../../shell/use-feedback.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';

interface RepositoriesProps {
  repositories: LivePicture<BackupRepository[]>;
  runs: readonly BackupRun[];
  onStarted: () => void;
}

/** Where snapshots are kept, whether each place can be reached, and what can be started there now. */
export function Repositories({ repositories, runs, onStarted }: RepositoriesProps) {
  const t = useText();
  return (
    <section aria-labelledby="repositories">
      <h2 id="repositories" className="section-title">
        {t('repository.title')}
      </h2>
      <FirstPicture of={repositories} />
      <ul className="cards">
        {(repositories.value ?? []).map((repository) => (
          <RepositoryCard
            key={repository.id}
            repository={repository}
            busy={runs.filter((run) => run.repository === repository.id).map(({ task }) => task)}
            onStarted={onStarted}
          />
        ))}
      </ul>
    </section>
  );
}

interface RepositoryCardProps {
  repository: BackupRepository;
  busy: readonly BackupTask[];
  onStarted: () => void;
}

function RepositoryCard({ repository, busy, onStarted }: RepositoryCardProps) {
  const t = useText();
  const { confirm, fail } = useFeedback();
  const [starting, setStarting] = useState<BackupTask | null>(null);
  const { id, place, reachable, failure, append_only } = repository;
  const reason = failure === null ? null : failureText(t, failure.code ?? null, failure.message);
  const start = async (task: BackupTask) => {
    if (task === 'prune') {
      const question = {
        title: t('backup.pruneTitle'),
        text: t('backup.pruneText'),
        action: t('startCare.prune'),
      };
      if (!(await confirm({ ...question, danger: true }))) return;
    }
    setStarting(task);
    try {
      await startBackupRun(task, id);
      onStarted();
    } finally {
      setStarting(null);
    }
  };
  return (
    <li className={`card ${reachable ? '' : 'is-bad'}`} data-repository={id}>
      <div className="card-head">
        <div>
          <strong>{id}</strong>
          <span className="muted small backup-place">{place}</span>
        </div>
        <span className={`state is-${reachable ? 'good' : 'bad'}`}>
          {t(reachable ? 'repository.reachable' : 'repository.away')}
        </span>
      </div>
      {reason !== null && (
        <div className="notice is-bad">
          <strong>{reason.what}</strong>
          {reason.advice !== null && <span>{reason.advice}</span>}
          {reason.what !== failure?.message && <span className="muted small">{failure?.message}</span>}
        </div>
      )}
      <RepositoryFacts repository={repository} />
      <div className="row-end backup-buttons">
        {BACKUP_TASKS.filter((task) => task !== 'prune' || append_only !== true).map((task) => (
          <Button
            key={task}
            loading={starting === task}
            disabled={busy.includes(task)}
            type={task === 'snapshot' ? 'primary' : 'default'}
            aria-label={t('backup.startIn', { task: t(`startCare.${task}`), repository: id })}
            onClick={() => void start(task).catch(fail)}
          >
            {t(`startCare.${task}`)}
          </Button>
        ))}
      </div>
    </li>
  );
}

function RepositoryFacts({ repository }: { repository: BackupRepository }) {
  const t = useText();
  const language = useLanguage();
  const { snapshots, newest, free_bytes: free, append_only } = repository;
  const facts = {
    newest: newest === null ? '–' : formatDateTime(language, newest.created_at),
    snapshots: snapshots === null ? '–' : formatNumber(language, snapshots),
    free: free === null ? '–' : formatBytes(language, free),
    appendOnly: append_only === null ? '–' : t(append_only ? 'proof.yes' : 'proof.no'),
  } as const;
  return (
    <dl className="facts">
      {(Object.keys(facts) as (keyof typeof facts)[]).map((key) => (
        <div key={key}>
          <dt>{t(`repository.${key}`)}</dt>
          <dd>{facts[key]}</dd>
        </div>
      ))}
    </dl>
  );
}
