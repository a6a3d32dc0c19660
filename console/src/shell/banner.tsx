import { DisconnectOutlined, LoadingOutlined } from '@ant-design/icons';
import { useEffect, useState } from 'react';
import { reachable } from '../api/connectivity.ts';
import { readStart, type Start } from '../api/start.ts';
import { hasText, useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';

/** A process that is replaced is back before this: nobody needs to hear of it. */
const quietForMs = 1_200;

/** Says that the server is away, and goes by itself when it is back. */
export function UnreachableBanner() {
  const isReachable = useObservable(reachable);
  const [isShown, setIsShown] = useState(false);
  const t = useText();
  useEffect(() => {
    if (isReachable) {
      setIsShown(false);
      return;
    }
    const timer = setTimeout(() => setIsShown(true), quietForMs);
    return () => clearTimeout(timer);
  }, [isReachable]);

  return (
    <div role="status" aria-live="polite">
      {isShown && (
        <div className="banner">
          <DisconnectOutlined aria-hidden="true" />
          <span>{navigator.onLine ? t('banner.unreachable') : t('banner.offline')}</span>
        </div>
      )}
    </div>
  );
}

/** While something is on its way it is looked at often; else now and then, for a repair that somebody asked for. */
const busyIntervalMs = 3_000;
const idleIntervalMs = 60_000;

/** Says that the service is starting or repairing itself, and how far it is. */
export function StartBanner() {
  const isReachable = useObservable(reachable);
  const [start, setStart] = useState<Start | null>(null);
  const t = useText();
  useEffect(() => {
    if (!isReachable) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      const seen = await readStart(ending.signal);
      if (ending.signal.aborted) return;
      setStart(seen);
      timer = setTimeout(() => void look(), seen === null ? idleIntervalMs : busyIntervalMs);
    };
    void look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [isReachable]);

  const isShown = isReachable && start !== null;
  const named = start?.step ?? '';
  const key: string = `banner.${named}`;
  const step = hasText(key) ? t(key) : named;
  const values = { step, percent: Math.round((start?.progress ?? 0) * 100) };
  return (
    <div role="status" aria-live="polite">
      {isShown && (
        <div className="banner">
          <LoadingOutlined aria-hidden="true" />
          <span>{t(start.isReady ? 'banner.repairing' : 'banner.initialising', values)}</span>
        </div>
      )}
    </div>
  );
}
