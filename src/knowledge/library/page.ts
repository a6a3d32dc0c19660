/** Part of a list, by ids, which sort by time of creation. Times, names and sizes may repeat; ids do not. */
export interface Page {
  limit: number;
  /** Only what follows this id in the given order. */
  after?: string | undefined;
  /** The items right before this id in the given order. */
  before?: string | undefined;
  order: 'asc' | 'desc';
}

/** SQL for one page over the id in `column`. With `before` alone the rows come backwards: see `inPageOrder`. */
export function pageSql(
  column: string,
  page: Page,
): { where: string; orderBy: string; params: { after: string; before: string; limit: number } } {
  const [following, preceding] = page.order === 'desc' ? ['<', '>'] : ['>', '<'];
  const direction = isBackwards(page) ? opposite(page.order) : page.order;
  return {
    where: `(:after = '' OR ${column} ${following} :after) AND (:before = '' OR ${column} ${preceding} :before)`,
    orderBy: `ORDER BY ${column} ${direction} LIMIT :limit`,
    params: { after: page.after ?? '', before: page.before ?? '', limit: page.limit },
  };
}

export function inPageOrder<Row>(rows: readonly Row[], page: Page): Row[] {
  return isBackwards(page) ? rows.toReversed() : [...rows];
}

function isBackwards(page: Page): boolean {
  return page.before !== undefined && page.before !== '' && (page.after === undefined || page.after === '');
}

function opposite(order: Page['order']): Page['order'] {
  return order === 'asc' ? 'desc' : 'asc';
}
