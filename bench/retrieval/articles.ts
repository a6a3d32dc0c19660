/** Which articles of a statute a stretch of its text touches. */

interface ArticleRange {
  article: string;
  start: number;
  end: number;
}

const ARTICLE_START = /^第[零〇一二三四五六七八九十百千]+条(?=\s)/u;

/** An article runs from its number at the start of a line to the next article or heading. */
export function articleRanges(text: string): ArticleRange[] {
  const ranges: ArticleRange[] = [];
  let open: ArticleRange | null = null;
  let offset = 0;
  for (const line of text.split('\n')) {
    const article = ARTICLE_START.exec(line)?.[0];
    if (article !== undefined || line.startsWith('#')) {
      if (open !== null) open.end = offset;
      open = article === undefined ? null : { article, start: offset, end: text.length };
      if (open !== null) ranges.push(open);
    }
    offset += line.length + 1;
  }
  return ranges;
}

export function articlesTouched(ranges: readonly ArticleRange[], start: number, end: number): string[] {
  return ranges.filter((range) => range.start < end && range.end > start).map(({ article }) => article);
}
