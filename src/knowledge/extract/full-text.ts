import type { ExtractedDocument } from './extracted-document.ts';

/** The text that chunk offsets refer to: all blocks joined by one line feed. */
export function fullText(document: ExtractedDocument): string {
  return document.blocks.map((block) => block.text).join('\n');
}
