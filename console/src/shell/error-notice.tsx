import { ExclamationCircleOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { ApiError } from '../api/api-error.ts';
import { errorText } from '../i18n/error-text.ts';
import { useText } from '../i18n/text.ts';

/** What happened, what to do, and a number to give to whoever runs the server. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const t = useText();
  const { what, advice } = errorText(t, error);
  // A wrong password or a name that is taken is nobody's to look up in the log.
  const requestId = error instanceof ApiError && error.status >= 500 ? error.requestId : null;
  return (
    <div className="error-notice" role="alert">
      <ExclamationCircleOutlined className="error-notice-icon" aria-hidden="true" />
      <div className="error-notice-text">
        <strong>{what}</strong>
        {advice !== null && <span>{advice}</span>}
        {requestId !== null && <small>{t('error.requestId', { id: requestId })}</small>}
      </div>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}
