import type { SourceBlock } from './source-blocks.ts';

/** XHTML, so that the same text serves the PDF print and the EPUB chapters. */
export function renderBlocks(blocks: SourceBlock[]): string {
  return blocks.map(renderBlock).join('\n');
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function renderBlock(block: SourceBlock): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${escapeXml(block.text)}</h${block.level}>`;
    case 'paragraph':
      return `<p>${escapeXml(block.text)}</p>`;
    case 'list': {
      const tag = block.ordered ? 'ol' : 'ul';
      return `<${tag}>${block.items.map((item) => `<li>${escapeXml(item)}</li>`).join('')}</${tag}>`;
    }
    case 'table': {
      const header = block.header.map((cell) => `<th>${escapeXml(cell)}</th>`).join('');
      const rows = block.rows.map(
        (row) => `<tr>${row.map((cell) => `<td>${escapeXml(cell)}</td>`).join('')}</tr>`,
      );
      return `<table><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
    }
  }
}
