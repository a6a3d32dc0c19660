import type { ServiceClient } from './client.ts';

const PAGE_SIZE = 100;
/** A workspace may hold very many documents; a list that never ends is a fault of the server. */
const MAX_PAGES = 10_000;

interface Page<Item> {
  data: Item[];
  has_more: boolean;
  last_id?: string | null;
}

/** All items of a list that the service gives page by page. */
export async function* readPages<Item>(client: ServiceClient, path: string): AsyncGenerator<Item> {
  let after = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const separator = path.includes('?') ? '&' : '?';
    const query = `${separator}limit=${PAGE_SIZE}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { data, has_more: hasMore, last_id: lastId } = await client.json<Page<Item>>('GET', path + query);
    yield* data;
    if (!hasMore || lastId === undefined || lastId === null) return;
    after = lastId;
  }
}
