import { Button, Drawer } from 'antd';
import { useState } from 'react';
import { listChunks } from '../api/knowledge.ts';
import type { Chunk, KnowledgeDocument } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { Loading } from '../shell/loading.tsx';
import { useFeedback } from '../shell/use-feedback.ts';
import { useFocusReturn } from '../shell/use-focus-return.ts';
import { useLoad } from '../store/use-load.ts';
import { placeOf } from './place.ts';

export interface ChunkDrawerProps {
  baseId: string;
  document: KnowledgeDocument;
  onClose: () => void;
}

/** The pieces that a document was cut into, in reading order. */
export function ChunkDrawer({ baseId, document, onClose }: ChunkDrawerProps) {
  const t = useText();
  const { fail } = useFeedback();
  const [busy, setBusy] = useState(false);
  useFocusReturn();
  const chunks = useLoad(`chunks:${document.id}`, (signal) => listChunks(baseId, document.id, { signal }));
  const list = chunks.value?.data ?? [];

  const loadMore = async () => {
    setBusy(true);
    try {
      const next = await listChunks(baseId, document.id, { after: list.at(-1)?.id ?? null });
      chunks.replace((old) => ({ ...next, data: [...old.data, ...next.data] }));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Drawer
      open
      onClose={onClose}
      size={640}
      styles={{ wrapper: { maxWidth: '100vw' } }}
      title={document.filename ?? document.id}
    >
      <p className="muted">{t('chunk.intro', { count: document.chunk_count ?? list.length })}</p>
      <Loading of={chunks} />
      <ol className="chunks">
        {list.map((chunk) => (
          <ChunkItem key={chunk.id} chunk={chunk} />
        ))}
      </ol>
      {chunks.value?.has_more === true && (
        <Button block loading={busy} onClick={() => loadMore().catch(fail)}>
          {t('action.more')}
        </Button>
      )}
    </Drawer>
  );
}

function ChunkItem({ chunk }: { chunk: Chunk }) {
  const t = useText();
  return (
    <li>
      <header>
        <span className="chunk-number">{chunk.ordinal + 1}</span>
        <span className="chunk-place">{placeOf(t, chunk)}</span>
        <span className="muted small">{t('chunk.tokens', { count: chunk.tokens })}</span>
      </header>
      <p>{chunk.text}</p>
    </li>
  );
}
