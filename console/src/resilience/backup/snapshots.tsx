import { Button } from 'antd';
import { useState } from 'react';
import type { BackupSnapshot } from '../../api/backups.ts';
import { formatBytes, formatDateTime, formatNumber } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';

/** More of them are shown on demand. */
const SHOWN_FIRST = 10;

interface SnapshotsProps {
  snapshots: LivePicture<BackupSnapshot[]>;
  onRestore: (snapshot: BackupSnapshot) => void;
}

export function Snapshots({ snapshots, onRestore }: SnapshotsProps) {
  const t = useText();
  const [isWhole, setIsWhole] = useState(false);
  const all = snapshots.value ?? [];
  const shown = isWhole ? all : all.slice(0, SHOWN_FIRST);
  return (
    <section aria-labelledby="snapshots">
      <h2 id="snapshots" className="section-title">
        {t('snapshot.title')}
      </h2>
      <FirstPicture of={snapshots} />
      {snapshots.value?.length === 0 && <p className="muted">{t('snapshot.none')}</p>}
      {shown.length > 0 && (
        <table className="grid-table">
          <thead>
            <tr>
              <th scope="col">{t('snapshot.time')}</th>
              <th scope="col">{t('snapshot.repository')}</th>
              <th scope="col" className="number">
                {t('snapshot.documents')}
              </th>
              <th scope="col" className="number">
                {t('snapshot.size')}
              </th>
              <th scope="col" className="number">
                {t('snapshot.added')}
              </th>
              <th scope="col">{t('snapshot.label')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {shown.map((snapshot) => (
              <SnapshotRow
                key={`${snapshot.repository} ${snapshot.id}`}
                snapshot={snapshot}
                onRestore={onRestore}
              />
            ))}
          </tbody>
        </table>
      )}
      {all.length > shown.length && (
        <Button type="link" onClick={() => setIsWhole(true)}>
          {t('snapshot.more', { count: all.length - shown.length })}
        </Button>
      )}
    </section>
  );
}

interface SnapshotRowProps {
  snapshot: BackupSnapshot;
  onRestore: (snapshot: BackupSnapshot) => void;
}

function SnapshotRow({ snapshot, onRestore }: SnapshotRowProps) {
  const t = useText();
  const language = useLanguage();
  const time = formatDateTime(language, snapshot.created_at);
  return (
    <tr data-snapshot={snapshot.id}>
      <th scope="row">{time}</th>
      <td data-label={t('snapshot.repository')}>{snapshot.repository}</td>
      <td className="number" data-label={t('snapshot.documents')}>
        {formatNumber(language, snapshot.counts.documents ?? 0)}
      </td>
      <td className="number" data-label={t('snapshot.size')}>
        {formatBytes(language, snapshot.plain_bytes)}
      </td>
      <td className="number" data-label={t('snapshot.added')}>
        {formatBytes(language, snapshot.added_bytes)}
      </td>
      <td data-label={t('snapshot.label')}>{snapshot.label ?? '–'}</td>
      <td>
        <Button
          size="small"
          aria-label={t('restoreGuide.of', { time, repository: snapshot.repository })}
          onClick={() => onRestore(snapshot)}
        >
          {t('restoreGuide.open')}
        </Button>
      </td>
    </tr>
  );
}
