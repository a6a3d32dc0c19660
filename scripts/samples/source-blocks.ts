/** The plain sources of the sample documents: a small subset of Markdown without inline markup. */
export type SourceBlock =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; ordered: boolean; items: string[] }
  | { kind: 'table'; header: string[]; rows: string[][] };

const headingPattern = /^(#{1,6}) (.+)$/;
const itemPattern = /^(?:-|(\d+)\.) (.+)$/;

export function parseSource(markdown: string): SourceBlock[] {
  const blocks: SourceBlock[] = [];
  for (const line of markdown.split('\n')) {
    const heading = headingPattern.exec(line);
    const item = itemPattern.exec(line);
    if (line.trim() === '') {
      continue;
    }
    if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, text: heading[2]! });
    } else if (item) {
      addItem(blocks, item[1] !== undefined, item[2]!);
    } else if (line.startsWith('|')) {
      addRow(blocks, line);
    } else {
      blocks.push({ kind: 'paragraph', text: line });
    }
  }
  return blocks;
}

function addItem(blocks: SourceBlock[], ordered: boolean, text: string): void {
  const last = blocks.at(-1);
  if (last?.kind === 'list' && last.ordered === ordered) {
    last.items.push(text);
  } else {
    blocks.push({ kind: 'list', ordered, items: [text] });
  }
}

function addRow(blocks: SourceBlock[], line: string): void {
  const cells = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  if (cells.every((cell) => /^-+$/.test(cell))) {
    return;
  }
  const last = blocks.at(-1);
  if (last?.kind === 'table') {
    last.rows.push(cells);
  } else {
    blocks.push({ kind: 'table', header: cells, rows: [] });
  }
}

/** One part per heading of `level`; what stands before the first one becomes a part of its own. */
export function splitAtHeadings(blocks: SourceBlock[], level: number): SourceBlock[][] {
  const parts: SourceBlock[][] = [];
  for (const block of blocks) {
    if (parts.length === 0 || (block.kind === 'heading' && block.level === level)) {
      parts.push([]);
    }
    parts.at(-1)!.push(block);
  }
  return parts;
}
