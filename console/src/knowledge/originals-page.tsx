import { ArrowLeftOutlined, DeleteOutlined, DownloadOutlined } from '@ant-design/icons';
import { Button, Checkbox } from 'antd';
import { useState } from 'react';
import { getFileContent, listOriginals } from '../api/knowledge.ts';
import type { KnowledgeBase, OriginalFile } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { failureText, inOneLine } from '../i18n/error-text.ts';
import { fold } from '../i18n/fold.ts';
import { formatBytes, formatDateTime } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { DataTable } from '../shell/data-table.tsx';
import { download } from '../shell/download.ts';
import { FilterInput } from '../shell/filter-input.tsx';
import { Loading } from '../shell/loading.tsx';
import { hrefOf } from '../shell/router.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { usePages } from '../store/use-pages.ts';
import { useMayEdit } from './permissions.ts';
import { useDeleteOriginal } from './use-delete-original.ts';

/** Every file as it was uploaded, those that no knowledge base holds any more included. */
export function OriginalsPage({
  bases,
  onChanged,
}: {
  bases: readonly KnowledgeBase[];
  onChanged: () => Promise<void>;
}) {
  const t = useText();
  const files = usePages('originals', listOriginals);
  const [filter, setFilter] = useState('');
  const [isUnusedOnly, setUnusedOnly] = useState(false);
  const all = files.value?.entries ?? [];
  const shown = all.filter(
    (file) =>
      fold(file.filename).includes(fold(filter)) && (!isUnusedOnly || file.vector_store_ids.length === 0),
  );
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <a className="back" href={hrefOf('knowledge')}>
            <ArrowLeftOutlined /> {t('room.knowledge')}
          </a>
          <h1>{t('original.title')}</h1>
          <p className="muted">{t('original.intro')}</p>
        </div>
      </header>
      <div className="documents">
        <Loading of={files} />
        {all.length > 0 && (
          <div className="filters">
            <FilterInput value={filter} label={t('document.filter')} onChange={setFilter} />
            <Checkbox checked={isUnusedOnly} onChange={(event) => setUnusedOnly(event.target.checked)}>
              {t('original.unusedOnly')}
            </Checkbox>
          </div>
        )}
        {shown.length > 0 && (
          <DataTable
            columns={[
              t('document.name'),
              t('original.usedIn'),
              { label: t('document.size'), isNumber: true },
              t('document.added'),
            ]}
          >
            {shown.map((file) => (
              <OriginalRow
                key={file.id}
                file={file}
                bases={bases}
                onDeleted={() => Promise.all([files.reload(), onChanged()])}
              />
            ))}
          </DataTable>
        )}
        {files.value !== null && shown.length === 0 && (
          <p className="muted">{all.length === 0 ? t('original.none') : t('original.noMatch')}</p>
        )}
        {files.value?.hasMore === true && (
          <Button onClick={() => void files.loadMore()}>{t('action.more')}</Button>
        )}
      </div>
    </div>
  );
}

interface OriginalRowProps {
  file: OriginalFile;
  bases: readonly KnowledgeBase[];
  onDeleted: () => Promise<unknown>;
}

function OriginalRow({ file, bases, onDeleted }: OriginalRowProps) {
  const t = useText();
  const language = useLanguage();
  const mayEdit = useMayEdit();
  const { fail } = useFeedback();
  const deleteOriginal = useDeleteOriginal();
  const { id, filename, bytes } = file;
  const holders = bases.filter((base) => file.vector_store_ids.includes(base.id));
  const fetchContent = async () => download(await getFileContent(id), filename);
  const remove = async () => {
    if (await deleteOriginal(id)) await onDeleted();
  };
  return (
    <tr>
      <td className="document-name">
        {filename}
        {file.status === 'error' && (
          <span className="bad damaged">{inOneLine(t, failureText(t, 'blob_corrupt', ''))}</span>
        )}
      </td>
      <td data-label={t('original.usedIn')}>
        {holders.length === 0 && <span className="muted">{t('original.unused')}</span>}
        <ul className="holders">
          {holders.map((base) => (
            <li key={base.id}>
              <a href={hrefOf('knowledge', base.id)}>{inLanguage(language, base.name)}</a>
            </li>
          ))}
        </ul>
      </td>
      <td data-label={t('document.size')} className="number">
        {formatBytes(language, bytes)}
      </td>
      <td data-label={t('document.added')}>{formatDateTime(language, file.created_at)}</td>
      <td className="document-menu">
        <Button
          type="text"
          icon={<DownloadOutlined />}
          aria-label={t('original.downloadOf', { filename })}
          title={t('document.download')}
          onClick={() => fetchContent().catch(fail)}
        />
        {mayEdit && (
          <Button
            type="text"
            danger
            icon={<DeleteOutlined />}
            aria-label={t('original.deleteOf', { filename })}
            title={t('original.delete')}
            onClick={() => remove().catch(fail)}
          />
        )}
      </td>
    </tr>
  );
}
