import { useCallback, useEffect, useRef, useState } from 'react';
import { listDocuments } from '../api/knowledge.ts';
import type { KnowledgeDocument } from '../api/types.ts';
import { useLoad } from '../store/use-load.ts';
import { uploads } from './uploads.ts';

const pollEveryMs = 1_000;
const pageSize = 100;

interface Page {
  documents: KnowledgeDocument[];
  hasMore: boolean;
}

/** The documents of a knowledge base, newest first, asked for every second while any is being taken in. */
export function useDocuments(knowledgeBaseId: string, generation: number) {
  const [limit, setLimit] = useState(pageSize);
  const count = useRef(limit);
  count.current = limit;
  const loaded = useLoad<Page>(`${knowledgeBaseId}:${generation}`, (signal) =>
    loadPages(knowledgeBaseId, count.current, signal),
  );
  const { reload, value } = loaded;
  const isBusy = value?.documents.some(({ status }) => status === 'in_progress') ?? false;

  useEffect(() => {
    if (!isBusy) return;
    let timer: ReturnType<typeof setTimeout>;
    const again = () => {
      timer = setTimeout(() => void reload().finally(again), pollEveryMs);
    };
    again();
    return () => clearTimeout(timer);
  }, [isBusy, reload]);

  useEffect(() => {
    uploads.onArrived = (upload) => {
      if (upload.knowledgeBaseId === knowledgeBaseId) void reload();
    };
    return () => {
      uploads.onArrived = () => {};
    };
  }, [knowledgeBaseId, reload]);

  const loadMore = useCallback(() => {
    count.current += pageSize;
    setLimit(count.current);
    return reload();
  }, [reload]);

  return { ...loaded, loadMore };
}

async function loadPages(knowledgeBaseId: string, count: number, signal: AbortSignal): Promise<Page> {
  const documents: KnowledgeDocument[] = [];
  let after: string | null = null;
  for (;;) {
    const list = await listDocuments(knowledgeBaseId, { after, limit: pageSize, signal });
    documents.push(...list.data);
    after = list.data.at(-1)?.id ?? null;
    const hasMore = list.has_more === true && after !== null;
    if (!hasMore || documents.length >= count) return { documents, hasMore };
  }
}
