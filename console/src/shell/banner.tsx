import { DisconnectOutlined } from '@ant-design/icons';
import { reachable } from '../api/connectivity.ts';
import { useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';

/** Says that the server is away, and goes by itself when it is back. */
export function UnreachableBanner() {
  const isReachable = useObservable(reachable);
  const t = useText();
  return (
    <div role="status" aria-live="polite">
      {!isReachable && (
        <div className="banner">
          <DisconnectOutlined aria-hidden="true" />
          <span>{navigator.onLine ? t('banner.unreachable') : t('banner.offline')}</span>
        </div>
      )}
    </div>
  );
}
