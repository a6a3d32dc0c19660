import { Button } from 'antd';
import { useState } from 'react';
import type { BackupSchedules } from '../../api/backups.ts';
import { formatDateTime, formatDuration } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { describeWhen } from './describe-when.ts';
import { ScheduleForm } from './schedule-form.tsx';

/** What is done by itself, and when next. */
export function Schedules({ schedules }: { schedules: LivePicture<BackupSchedules> }) {
  const t = useText();
  const [isEditing, setIsEditing] = useState(false);
  const { value } = schedules;
  return (
    <section aria-labelledby="schedules">
      <h2 id="schedules" className="section-title">
        {t('schedule.title')}
        {value !== null && (
          <span className="muted small">{t('schedule.zone', { zone: value.time_zone })}</span>
        )}
      </h2>
      <FirstPicture of={schedules} />
      {value !== null && (
        <>
          <table className="grid-table">
            <thead>
              <tr>
                <th scope="col">{t('schedule.task')}</th>
                <th scope="col">{t('schedule.when')}</th>
                <th scope="col">{t('schedule.next')}</th>
              </tr>
            </thead>
            <tbody>
              {value.tasks.map((task) => (
                <ScheduleRow key={task.task} task={task} />
              ))}
            </tbody>
          </table>
          <div className="channel-add">
            <Button onClick={() => setIsEditing(true)}>{t('schedule.change')}</Button>
          </div>
        </>
      )}
      {isEditing && value !== null && (
        <ScheduleForm
          schedules={value}
          onClose={() => setIsEditing(false)}
          onSaved={() => {
            setIsEditing(false);
            schedules.readNow();
          }}
        />
      )}
    </section>
  );
}

function ScheduleRow({ task }: { task: BackupSchedules['tasks'][number] }) {
  const t = useText();
  const language = useLanguage();
  const { when, next_at: next, obstacle, overdue_seconds: overdue, is_changed: isChanged } = task;
  return (
    <tr data-schedule={task.task}>
      <th scope="row">
        {t(`careTask.${task.task}`)}
        {overdue > 0 && (
          <span className="state is-bad">
            {t('schedule.overdue', { time: formatDuration(language, overdue) })}
          </span>
        )}
      </th>
      <td data-label={t('schedule.when')}>
        {describeWhen(t, when) ?? when}
        {isChanged && <span className="muted small"> {t('schedule.isChanged')}</span>}
      </td>
      <td data-label={t('schedule.next')}>
        {obstacle !== null && when !== 'off' ? (
          <span className="state is-warn">{t(`obstacle.${obstacle}`)}</span>
        ) : next === null ? (
          '–'
        ) : (
          formatDateTime(language, next)
        )}
      </td>
    </tr>
  );
}
