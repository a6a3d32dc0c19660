import { useEffect } from 'react';
import { listDocuments } from '../api/knowledge.ts';
import { usePages } from '../store/use-pages.ts';
import { uploads } from './uploads.ts';

const pollEveryMs = 1_000;

/** The documents of a knowledge base, newest first, asked for every second while any is being taken in. */
export function useDocuments(knowledgeBaseId: string, generation: number) {
  const loaded = usePages(`${knowledgeBaseId}:${generation}`, (wanted) =>
    listDocuments(knowledgeBaseId, wanted),
  );
  const { reload, value } = loaded;
  const isBusy = value?.entries.some(({ status }) => status === 'in_progress') ?? false;

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

  return loaded;
}
