import { ClockCircleOutlined } from '@ant-design/icons';
import { Skeleton } from 'antd';
import { ApiError, unreachable } from '../api/api-error.ts';
import { errorText, inOneLine } from '../i18n/error-text.ts';
import { formatClock } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';
import type { Polled } from '../store/poller.ts';
import type { LivePicture } from '../store/use-poll.ts';

type Pictures = readonly Pick<Polled<unknown>, 'value' | 'error' | 'readAt'>[];

/** The time of the newest picture, while it is renewed. */
export function LiveMark({ of }: { of: Pictures }) {
  const t = useText();
  const language = useLanguage();
  const times = of.flatMap(({ readAt }) => (readAt === null ? [] : [readAt]));
  if (times.length === 0 || of.some(({ error }) => error !== null)) return null;
  return (
    <p className="live-mark muted small">
      <span className="pulse" aria-hidden="true" />
      {t('live.at', { time: formatClock(language, Math.max(...times)) })}
    </p>
  );
}

/** Says that what is shown is old, since when and why. Goes by itself when the server is back. */
export function StaleMark({ of }: { of: Pictures }) {
  const t = useText();
  const language = useLanguage();
  const stale = of.filter(({ value, error }) => value !== null && error !== null);
  const oldest = Math.min(...stale.map(({ readAt }) => readAt ?? Date.now()));
  const error = stale[0]?.error;
  // A reading that was given up for want of an answer has no code.
  const reason = inOneLine(t, errorText(t, error instanceof ApiError ? error : unreachable(error)));
  return (
    <div role="status" aria-live="polite">
      {stale.length > 0 && (
        <p className="stale-mark">
          <ClockCircleOutlined aria-hidden="true" />
          <span>
            <strong>{t('live.staleSince', { time: formatClock(language, oldest) })}</strong> {reason}
          </span>
        </p>
      )}
    </div>
  );
}

/** What stands in the place of a picture as long as there has been none. */
export function FirstPicture({ of }: { of: LivePicture<unknown> }) {
  if (of.value !== null) return null;
  return of.error === null ? <Skeleton active /> : <ErrorNotice error={of.error} onRetry={of.readNow} />;
}
