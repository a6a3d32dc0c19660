import type { ExtractedDocument } from '../../src/knowledge/extract/extracted-document.ts';
import type { SourceBlock } from './source-blocks.ts';

/** What the extractor lost or misread of a document, measured against the plain source that it was made from. */
export function checkExtraction(source: SourceBlock[], document: ExtractedDocument): string[] {
  const sheetNames = new Set(document.blocks.map((block) => block.section));
  const textOf = (kind: string): string[] =>
    document.blocks.filter((block) => block.kind === kind).map((block) => foldText(block.text));
  const headings = textOf('heading');
  const rows = textOf('table-row');
  const everything = foldText(document.blocks.map((block) => block.text).join(''));
  return source.flatMap((block) => {
    switch (block.kind) {
      case 'heading':
        return headings.includes(foldText(block.text)) || sheetNames.has(block.text)
          ? []
          : [`heading lost: ${block.text}`];
      case 'paragraph':
        return everything.includes(foldText(block.text)) ? [] : [`paragraph broken: ${block.text}`];
      case 'list':
        return block.items
          .filter((item) => !everything.includes(foldText(item)))
          .map((item) => `list item broken: ${item}`);
      case 'table':
        return block.rows
          .filter((cells) => !rows.some((row) => holdsRow(row, block.header, cells)))
          .map((cells) => `table row broken: ${cells.join(' | ')}`);
    }
  });
}

/** A row reads right when each cell follows its own header. */
function holdsRow(row: string, header: string[], cells: string[]): boolean {
  return cells.every((cell, column) => row.includes(`${foldText(header[column]!)}:${foldText(cell)}`));
}

/** White space and width differ between formats without meaning anything. */
function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/\s+/g, '')
    .replaceAll(/(?<=\d),(?=\d{3})/g, '');
}
