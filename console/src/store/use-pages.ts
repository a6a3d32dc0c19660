import { useCallback, useRef } from 'react';
import type { List } from '../api/types.ts';
import { type Loaded, useLoad } from './use-load.ts';

const pageSize = 100;

export interface Pages<T> {
  entries: T[];
  hasMore: boolean;
}

export interface PageWanted {
  after: string | null;
  limit: number;
  signal: AbortSignal;
}

/** A list that grows page by page as the person asks for more; loading it anew reads as much as was shown. */
export function usePages<T extends { id: string }>(
  key: string,
  readPage: (wanted: PageWanted) => Promise<List<T>>,
): Loaded<Pages<T>> & { loadMore: () => Promise<void> } {
  const count = useRef(pageSize);
  const loaded = useLoad<Pages<T>>(key, (signal) =>
    loadPages(count.current, (after) => readPage({ after, limit: pageSize, signal })),
  );
  const { reload } = loaded;
  const loadMore = useCallback(() => {
    count.current += pageSize;
    return reload();
  }, [reload]);
  return { ...loaded, loadMore };
}

async function loadPages<T extends { id: string }>(
  count: number,
  readPage: (after: string | null) => Promise<List<T>>,
): Promise<Pages<T>> {
  const entries: T[] = [];
  let after: string | null = null;
  for (;;) {
    const list: List<T> = await readPage(after);
    entries.push(...list.data);
    after = list.data.at(-1)?.id ?? null;
    const hasMore = list.has_more === true && after !== null;
    if (!hasMore || entries.length >= count) return { entries, hasMore };
  }
}
