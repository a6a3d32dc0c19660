import { CheckCircleFilled, CloseCircleFilled, StopOutlined, WarningFilled } from '@ant-design/icons';
import { Popover, Progress } from 'antd';
import type { KnowledgeDocument } from '../api/types.ts';
import { failureText, warningText } from '../i18n/error-text.ts';
import { useText } from '../i18n/text.ts';

/** How far a document is; when it could not be taken in, why and what to do. */
export function DocumentStatus({ document }: { document: KnowledgeDocument }) {
  const t = useText();
  const { status, progress, last_error: failure } = document;
  const warnings = document.warning_details ?? [];
  if (status === 'in_progress') {
    const phase = progress?.phase ?? 'queued';
    return (
      <div className="status-progress">
        <span>{t(`phase.${phase}`)}</span>
        <Progress
          percent={Math.round((progress?.fraction ?? 0) * 100)}
          showInfo={false}
          size="small"
          aria-label={t(`phase.${phase}`)}
        />
      </div>
    );
  }
  if (status === 'failed') {
    const { what, advice } = failureText(t, failure?.code ?? null, failure?.message ?? '');
    return (
      <div className="status-failed">
        <span className="bad">
          <CloseCircleFilled /> {what}
        </span>
        {advice !== null && <small className="muted">{advice}</small>}
        {(document.chunk_count ?? 0) > 0 && <small className="muted">{t('document.stillFound')}</small>}
      </div>
    );
  }
  if (status === 'cancelled') {
    return (
      <span className="muted">
        <StopOutlined /> {t('document.cancelled')}
      </span>
    );
  }
  return (
    <span className="status-ready">
      <CheckCircleFilled className="good" /> {t('document.ready')}
      {warnings.length > 0 && (
        <Popover
          trigger="click"
          title={t('document.warnings')}
          content={
            <ul className="warnings">
              {warnings.map((warning) => (
                <li key={warning.message}>{warningText(t, warning)}</li>
              ))}
            </ul>
          }
        >
          <button type="button" className="warning-button" aria-label={t('document.warnings')}>
            <WarningFilled /> {warnings.length}
          </button>
        </Popover>
      )}
    </span>
  );
}
