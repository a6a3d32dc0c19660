import { CloseOutlined, DownloadOutlined } from '@ant-design/icons';
import { Button, Drawer, Skeleton } from 'antd';
import { useEffect, useRef } from 'react';
import { ApiError } from '../../api/api-error.ts';
import { getFileContent } from '../../api/knowledge.ts';
import { useText } from '../../i18n/text.ts';
import { placeOf } from '../../knowledge/place.ts';
import { download } from '../../shell/download.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { useFeedback } from '../../shell/use-feedback.ts';
import { useLoad } from '../../store/use-load.ts';
import type { Source } from '../engine/citation-marks.ts';
import { DocumentText } from './document-text.tsx';
import { locatePassage } from './locate-passage.ts';

export interface PassagePanelProps {
  source: Source;
  /** Beside the conversation; otherwise in a drawer above it. */
  isInline: boolean;
  onClose: () => void;
}

/** The cited passage in its document. */
export function PassagePanel({ source, isInline, onClose }: PassagePanelProps) {
  const t = useText();
  if (!isInline) {
    return (
      <Drawer
        open
        onClose={onClose}
        placement="right"
        size={560}
        closable={false}
        styles={{ body: { padding: 0 }, wrapper: { maxWidth: '100vw' } }}
        aria-label={t('passage.label')}
      >
        <PassageContent source={source} onClose={onClose} />
      </Drawer>
    );
  }
  return (
    <aside className="passage-side" aria-label={t('passage.label')}>
      <PassageContent source={source} onClose={onClose} />
    </aside>
  );
}

function PassageContent({ source, onClose }: { source: Source; onClose: () => void }) {
  const t = useText();
  const { fail } = useFeedback();
  const { citation } = source;
  const key = `${citation.file_id}:${citation.chunk_id ?? ''}:${citation.index}`;
  const located = useLoad(key, (signal) => locatePassage(citation, signal));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [key]);
  useEffect(() => returnFocusTo(document.querySelector<HTMLElement>('button.mark.is-active')), [key]);
  const isGone = located.error instanceof ApiError && hasNoText(located.error);
  const place = placeOf(t, citation);
  const isMissing = located.value !== null && located.value.passage === null;

  return (
    <div className="passage" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header>
        <div>
          <h2 ref={heading} tabIndex={-1}>
            <span className="mark">{source.number}</span> {citation.filename}
          </h2>
          {place !== '' && <p className="muted">{place}</p>}
        </div>
        <Button
          type="text"
          icon={<DownloadOutlined />}
          aria-label={t('document.download')}
          title={t('document.download')}
          disabled={isGone}
          onClick={() =>
            getFileContent(citation.file_id).then((blob) => download(blob, citation.filename), fail)
          }
        />
        <Button type="text" icon={<CloseOutlined />} aria-label={t('action.close')} onClick={onClose} />
      </header>
      {(isGone || isMissing) && (
        <div className="passage-gone">
          <p>{isGone ? t('passage.gone') : t('passage.changed')}</p>
          {citation.quote && <blockquote>{citation.quote}</blockquote>}
        </div>
      )}
      {located.error !== null && !isGone && (
        <ErrorNotice error={located.error} onRetry={() => void located.reload()} />
      )}
      {located.loading && located.value === null && <Skeleton active className="passage-loading" />}
      {located.value !== null && <DocumentText key={key} located={located.value} />}
    </div>
  );
}

/** The keyboard goes on at the mark from which the passage was opened. */
function returnFocusTo(opener: HTMLElement | null): () => void {
  return () => {
    if (opener?.isConnected === true) opener.focus();
  };
}

/** The file was deleted, or has left every knowledge base and with it lost its text. */
function hasNoText({ status, code }: ApiError): boolean {
  return status === 404 || code === 'document_not_ready';
}
