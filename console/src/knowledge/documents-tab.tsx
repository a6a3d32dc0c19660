import { Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { KnowledgeBase, KnowledgeDocument } from '../api/types.ts';
import { fold } from '../i18n/fold.ts';
import { useText } from '../i18n/text.ts';
import { DataTable } from '../shell/data-table.tsx';
import { FilterInput } from '../shell/filter-input.tsx';
import { Loading } from '../shell/loading.tsx';
import { useObservable } from '../store/observable.ts';
import { AttributesEditor } from './attributes-editor.tsx';
import { ChunkDrawer } from './chunk-drawer.tsx';
import { type DocumentDialog, DocumentRow } from './document-row.tsx';
import { useMayEdit } from './permissions.ts';
import { UploadList, UploadZone } from './upload-zone.tsx';
import { uploads } from './uploads.ts';
import { useDocuments } from './use-documents.ts';

/** So many documents fit on a screen without a filter. */
const filterFrom = 8;

export interface DocumentsTabProps {
  base: KnowledgeBase;
  generation: number;
  onChanged: () => Promise<void>;
}

export function DocumentsTab({ base, generation, onChanged }: DocumentsTabProps) {
  const t = useText();
  const mayEdit = useMayEdit();
  const loaded = useDocuments(base.id, generation);
  const { value, reload, loadMore } = loaded;
  const [filter, setFilter] = useState('');
  const [dialog, setDialog] = useState<{ kind: DocumentDialog; document: KnowledgeDocument } | null>(null);
  const isUploading = useObservable(uploads.state).some((upload) => upload.knowledgeBaseId === base.id);
  const documents = value?.entries ?? [];
  const shown = documents.filter((document) => fold(document.filename ?? '').includes(fold(filter)));
  const isEmpty = value !== null && documents.length === 0;
  useReloadWhenSettled(documents, onChanged);

  return (
    <div className="documents">
      {mayEdit && <UploadZone knowledgeBaseId={base.id} isLarge={isEmpty && !isUploading} />}
      <UploadList knowledgeBaseId={base.id} />
      <Loading of={loaded} />
      {isEmpty && !mayEdit && <p className="muted">{t('document.noneReader')}</p>}
      {documents.length >= filterFrom && (
        <FilterInput value={filter} label={t('document.filter')} onChange={setFilter} />
      )}
      {documents.length > 0 && (
        <DataTable
          columns={[
            t('document.name'),
            t('document.status'),
            { label: t('document.chunks'), isNumber: true },
            { label: t('document.size'), isNumber: true },
            t('document.added'),
          ]}
        >
          {shown.map((document) => (
            <DocumentRow
              key={document.id}
              baseId={base.id}
              document={document}
              mayEdit={mayEdit}
              onOpen={(kind) => setDialog({ kind, document })}
              onChanged={reload}
            />
          ))}
        </DataTable>
      )}
      {filter !== '' && shown.length === 0 && <p className="muted">{t('document.noMatch')}</p>}
      {value?.hasMore === true && <Button onClick={() => void loadMore()}>{t('action.more')}</Button>}
      {dialog?.kind === 'chunks' && (
        <ChunkDrawer baseId={base.id} document={dialog.document} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'attributes' && (
        <AttributesEditor
          baseId={base.id}
          document={dialog.document}
          mayEdit={mayEdit}
          onClose={() => setDialog(null)}
          onSaved={() => {
            setDialog(null);
            void reload();
          }}
        />
      )}
    </div>
  );
}

/** The counts at the top change when a document has been taken in. */
function useReloadWhenSettled(documents: readonly KnowledgeDocument[], onChanged: () => Promise<void>): void {
  const busy = documents.filter(({ status }) => status === 'in_progress').length;
  const before = useRef(busy);
  useEffect(() => {
    if (busy < before.current) void onChanged();
    before.current = busy;
  }, [busy, onChanged]);
}
