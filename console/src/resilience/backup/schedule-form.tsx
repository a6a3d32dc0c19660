import { Button, Input, InputNumber } from 'antd';
import { useId, useState } from 'react';
import {
  BACKUP_TASKS,
  type BackupSchedules,
  type BackupTask,
  changeSchedules,
  type ScheduleChanges,
} from '../../api/backups.ts';
import { useText } from '../../i18n/text.ts';
import { FormDialog } from '../../shell/form-dialog.tsx';
import { describeWhen } from './describe-when.ts';

interface ScheduleFormProps {
  schedules: BackupSchedules;
  onClose: () => void;
  onSaved: () => void;
}

/** The words of each schedule, with what they mean beside them. */
export function ScheduleForm({ schedules, onClose, onSaved }: ScheduleFormProps) {
  const t = useText();
  const id = useId();
  const [words, setWords] = useState(() => wordsOf(schedules, 'when'));
  const [zone, setZone] = useState(schedules.time_zone);
  const [share, setShare] = useState<number | null>(schedules.verify_share_percent);
  const isUnderstood = BACKUP_TASKS.every((task) => describeWhen(t, words[task]) !== null);
  return (
    <FormDialog
      title={t('schedule.change')}
      action={t('action.save')}
      widthPx={520}
      isReady={isUnderstood && zone.trim() !== '' && share !== null}
      onSubmit={async () => {
        await changeSchedules(changesOf(schedules, { words, zone: zone.trim(), share: share ?? 100 }));
        onSaved();
      }}
      onClose={onClose}
    >
      <p className="muted small">{t('schedule.how')}</p>
      {BACKUP_TASKS.map((task) => {
        const meaning = describeWhen(t, words[task]);
        return (
          <div key={task} className="backup-field">
            <label htmlFor={`${id}-${task}`}>{t(`careTask.${task}`)}</label>
            <Input
              id={`${id}-${task}`}
              autoComplete="off"
              spellCheck={false}
              maxLength={64}
              status={meaning === null ? 'error' : ''}
              aria-describedby={`${id}-${task}-meaning`}
              value={words[task]}
              onChange={({ target }) => setWords({ ...words, [task]: target.value })}
            />
            <span id={`${id}-${task}-meaning`} className={meaning === null ? 'small bad' : 'muted small'}>
              {meaning ?? t('schedule.unclear')}
            </span>
          </div>
        );
      })}
      <label htmlFor={`${id}-share`}>{t('schedule.share')}</label>
      <InputNumber id={`${id}-share`} min={1} max={100} value={share} onChange={setShare} suffix="%" />
      <label htmlFor={`${id}-zone`}>{t('schedule.timeZone')}</label>
      <Input
        id={`${id}-zone`}
        autoComplete="off"
        spellCheck={false}
        maxLength={64}
        value={zone}
        onChange={({ target }) => setZone(target.value)}
      />
      <div>
        <Button type="link" onClick={() => setWords(wordsOf(schedules, 'configured'))}>
          {t('schedule.asConfigured')}
        </Button>
      </div>
    </FormDialog>
  );
}

type Words = Record<BackupTask, string>;

function wordsOf({ tasks }: BackupSchedules, which: 'when' | 'configured'): Words {
  return Object.fromEntries(tasks.map((task) => [task.task, task[which]])) as Words;
}

/** Only what differs; what is as configured again takes its change back. */
function changesOf(
  schedules: BackupSchedules,
  { words, zone, share }: { words: Words; zone: string; share: number },
): ScheduleChanges {
  const changes: ScheduleChanges = {};
  for (const { task, when, configured } of schedules.tasks) {
    const wanted = words[task].trim();
    if (wanted !== when) changes[task] = wanted === configured ? null : wanted;
  }
  if (zone !== schedules.time_zone) changes.time_zone = zone;
  if (share !== schedules.verify_share_percent) changes.verify_share_percent = share;
  return changes;
}
