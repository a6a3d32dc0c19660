import { CloseOutlined, InboxOutlined } from '@ant-design/icons';
import { Button, Progress } from 'antd';
import { type ChangeEvent, type DragEvent, useRef, useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import { errorText, inOneLine } from '../i18n/error-text.ts';
import { useText } from '../i18n/text.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { useIsTouch } from '../shell/use-media.ts';
import { useObservable } from '../store/observable.ts';
import { droppedFiles, wanted } from './dropped-files.ts';
import { type Upload, uploads } from './uploads.ts';

/** Takes files and folders by drop, click or keyboard. */
export function UploadZone({ knowledgeBaseId, isLarge }: { knowledgeBaseId: string; isLarge: boolean }) {
  const t = useText();
  const { fail } = useFeedback();
  const isTouch = useIsTouch();
  const [over, setOver] = useState(false);
  const filePicker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);

  const title = isTouch ? t('upload.label') : isLarge ? t('upload.emptyTitle') : t('upload.title');

  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    droppedFiles(event.dataTransfer).then((files) => uploads.add(knowledgeBaseId, files), fail);
  };
  const onPick = (event: ChangeEvent<HTMLInputElement>) => {
    uploads.add(knowledgeBaseId, wanted([...(event.target.files ?? [])]));
    event.target.value = '';
  };

  return (
    <div
      className={`upload-zone${over ? ' is-over' : ''}${isLarge ? ' is-large' : ''}`}
      role="group"
      aria-label={t('upload.label')}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <InboxOutlined className="upload-icon" aria-hidden="true" />
      <div className="upload-text">
        <strong>{title}</strong>
        <span className="muted">{t('upload.formats')}</span>
      </div>
      <div className="upload-buttons">
        <Button type={isLarge ? 'primary' : 'default'} onClick={() => filePicker.current?.click()}>
          {t('upload.files')}
        </Button>
        {!isTouch && <Button onClick={() => folderPicker.current?.click()}>{t('upload.folder')}</Button>}
      </div>
      <input ref={filePicker} type="file" multiple hidden onChange={onPick} data-testid="file-picker" />
      <input ref={folderPicker} type="file" multiple hidden onChange={onPick} {...{ webkitdirectory: '' }} />
    </div>
  );
}

export function UploadList({ knowledgeBaseId }: { knowledgeBaseId: string }) {
  const t = useText();
  const own = useObservable(uploads.state).filter((upload) => upload.knowledgeBaseId === knowledgeBaseId);
  if (own.length === 0) return null;
  return (
    <ul className="upload-list" aria-label={t('upload.list')}>
      {own.map((upload) => (
        <UploadRow key={upload.key} upload={upload} />
      ))}
    </ul>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const t = useText();
  const { error, file, fraction, key, status } = upload;
  // What is wrong with the file stays wrong.
  const mayRetry = !(error instanceof ApiError) || !error.isFinal;
  return (
    <li>
      <span className="upload-name">{file.name}</span>
      {status === 'failed' ? (
        <span className="bad upload-state">{inOneLine(t, errorText(t, error))}</span>
      ) : (
        <Progress percent={Math.round(fraction * 100)} size="small" aria-label={file.name} />
      )}
      {status === 'failed' && mayRetry && (
        <Button size="small" onClick={() => uploads.retry(key)}>
          {t('action.retry')}
        </Button>
      )}
      <Button
        type="text"
        size="small"
        icon={<CloseOutlined />}
        aria-label={t('upload.dismiss', { filename: file.name })}
        onClick={() => uploads.dismiss(key)}
      />
    </li>
  );
}
