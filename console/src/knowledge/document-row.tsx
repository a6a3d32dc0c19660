import {
  BlockOutlined,
  DeleteOutlined,
  DownloadOutlined,
  EllipsisOutlined,
  FileExcelOutlined,
  FileMarkdownOutlined,
  FilePdfOutlined,
  FilePptOutlined,
  FileTextOutlined,
  FileWordOutlined,
  MinusCircleOutlined,
  SwapOutlined,
  SyncOutlined,
  TagsOutlined,
} from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { type ComponentType, useRef } from 'react';
import { getFileContent, reingestDocument, removeDocument } from '../api/knowledge.ts';
import type { KnowledgeDocument } from '../api/types.ts';
import { formatBytes, formatDateTime, formatNumber } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { download } from '../shell/download.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { DocumentStatus } from './document-status.tsx';
import { uploads } from './uploads.ts';
import { useDeleteOriginal } from './use-delete-original.ts';

export type DocumentDialog = 'chunks' | 'attributes';

export interface DocumentRowProps {
  baseId: string;
  document: KnowledgeDocument;
  mayEdit: boolean;
  onOpen: (dialog: DocumentDialog) => void;
  onChanged: () => Promise<void>;
}

/** The others are in the attributes' dialog. */
const maxShownAttributes = 3;

const icons: Record<string, ComponentType> = {
  pdf: FilePdfOutlined,
  docx: FileWordOutlined,
  xlsx: FileExcelOutlined,
  csv: FileExcelOutlined,
  pptx: FilePptOutlined,
  markdown: FileMarkdownOutlined,
  md: FileMarkdownOutlined,
};

export function DocumentRow(props: DocumentRowProps) {
  const { document, onOpen } = props;
  const t = useText();
  const language = useLanguage();
  const filename = document.filename ?? document.id;
  const Icon = icons[document.format ?? filename.split('.').at(-1)?.toLowerCase() ?? ''] ?? FileTextOutlined;
  const attributes = Object.entries(document.attributes ?? {});
  return (
    <tr>
      <td className="document-name">
        <div className="document-cell">
          <Icon />
          <div>
            <button
              type="button"
              className="link"
              disabled={!document.chunk_count}
              onClick={() => onOpen('chunks')}
            >
              {filename}
            </button>
            <span className="document-facts muted small">
              {document.pages ? (
                <span>{t('document.pages', { count: formatNumber(language, document.pages) })}</span>
              ) : null}
              {attributes.slice(0, maxShownAttributes).map(([name, value]) => (
                <span key={name}>
                  {name}: {String(value)}
                </span>
              ))}
              {attributes.length > maxShownAttributes && <span>…</span>}
            </span>
          </div>
        </div>
      </td>
      <td data-label={t('document.status')}>
        <DocumentStatus document={document} />
      </td>
      <td data-label={t('document.chunks')} className="number">
        {document.chunk_count ? formatNumber(language, document.chunk_count) : '–'}
      </td>
      <td data-label={t('document.size')} className="number">
        {document.usage_bytes ? formatBytes(language, document.usage_bytes) : '–'}
      </td>
      <td data-label={t('document.added')}>{formatDateTime(language, document.created_at)}</td>
      <td className="document-menu">
        <RowMenu {...props} filename={filename} />
      </td>
    </tr>
  );
}

function RowMenu({
  baseId,
  document,
  mayEdit,
  onOpen,
  onChanged,
  filename,
}: DocumentRowProps & { filename: string }) {
  const t = useText();
  const { confirm, tell, fail } = useFeedback();
  const deleteOriginal = useDeleteOriginal();
  const picker = useRef<HTMLInputElement>(null);

  const remove = async () => {
    const text = t('document.removeText', { filename });
    if (
      !(await confirm({ title: t('document.removeTitle'), text, action: t('action.remove'), danger: true }))
    )
      return;
    await removeDocument(baseId, document.id);
    await onChanged();
  };
  const reingest = async () => {
    await reingestDocument(baseId, document.id);
    tell(t('document.reingestStarted'));
    await onChanged();
  };
  const choose = async (key: string) => {
    if (key === 'chunks' || key === 'attributes') onOpen(key);
    else if (key === 'download') download(await getFileContent(document.id), filename);
    else if (key === 'replace') picker.current?.click();
    else if (key === 'reingest') await reingest();
    else if (key === 'remove') await remove();
    else if (await deleteOriginal(document.id)) await onChanged();
  };

  const looking = [
    {
      key: 'chunks',
      icon: <BlockOutlined />,
      label: t('document.viewChunks'),
      disabled: !document.chunk_count,
    },
    { key: 'download', icon: <DownloadOutlined />, label: t('document.download') },
    { key: 'attributes', icon: <TagsOutlined />, label: t('document.attributes') },
  ];
  const changing = [
    { type: 'divider' as const },
    { key: 'replace', icon: <SwapOutlined />, label: t('document.replace') },
    { key: 'reingest', icon: <SyncOutlined />, label: t('document.reingest') },
    { key: 'remove', icon: <MinusCircleOutlined />, label: t('document.remove'), danger: true },
    { key: 'delete', icon: <DeleteOutlined />, label: t('original.delete'), danger: true },
  ];
  return (
    <>
      <Dropdown
        trigger={['click']}
        placement="bottomRight"
        menu={{
          onClick: ({ key }) => choose(key).catch(fail),
          items: mayEdit ? [...looking, ...changing] : looking,
        }}
      >
        <Button type="text" icon={<EllipsisOutlined />} aria-label={t('document.menuOf', { filename })} />
      </Dropdown>
      <input
        ref={picker}
        type="file"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined) uploads.add(baseId, [file], document.id);
          event.target.value = '';
        }}
      />
    </>
  );
}
