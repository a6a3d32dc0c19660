import type { Parsed, TextContext } from '../parse-context.ts';
import { readHtmlBlocks } from './html-blocks.ts';

export async function parseHtml({ text, out }: TextContext): Promise<Parsed> {
  const { title } = readHtmlBlocks(text, out);
  return { title, pages: null };
}

/** The encoding that a page declares about itself, from its first kilobyte. */
export function declaredCharset(bytes: Buffer): string | null {
  const start = bytes.toString('latin1', 0, 2048);
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(start)?.[1] ?? null;
}
