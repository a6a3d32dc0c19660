import { DisconnectOutlined } from '@ant-design/icons';
import { useEffect, useState } from 'react';
import { reachable } from '../api/connectivity.ts';
import { useText } from '../i18n/text.ts';
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
