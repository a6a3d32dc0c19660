import type { PDFPageProxy } from 'pdfjs-dist';
import { maxMarkupDepth } from '../limits.ts';
import type { TableCell, TableRow } from '../table-rows.ts';

export interface TaggedTable {
  rows: TableRow[];
}

/** What the author's program says about pieces of a page, by marked-content id. */
export interface PageTags {
  headingLevels: Map<string, number>;
  cells: Map<string, { table: TaggedTable; cell: TableCell }>;
}

interface StructureNode {
  role?: string;
  children?: StructureNode[];
  /** Of a leaf: where its content is marked. */
  id?: string;
  rowSpan?: number;
  colSpan?: number;
}

interface Surroundings {
  headingLevel: number | null;
  table: TaggedTable | null;
  cell: TableCell | null;
  depth: number;
}

/** Headings and tables of a tagged page; null where the PDF carries no tags, as most older ones. */
export async function readPageTags(page: PDFPageProxy): Promise<PageTags | null> {
  const root = (await page.getStructTree().catch(() => null)) as StructureNode | null;
  if (root === null) return null;
  const tags: PageTags = { headingLevels: new Map(), cells: new Map() };
  collect(root, { headingLevel: null, table: null, cell: null, depth: 0 }, tags);
  return tags;
}

function collect(node: StructureNode, around: Surroundings, tags: PageTags): void {
  if (around.depth > maxMarkupDepth) return;
  if (node.id !== undefined && node.children === undefined) {
    if (around.table !== null && around.cell !== null) {
      tags.cells.set(node.id, { table: around.table, cell: around.cell });
    } else if (around.headingLevel !== null) tags.headingLevels.set(node.id, around.headingLevel);
    return;
  }
  const inside = enter(node, around);
  for (const child of node.children ?? []) collect(child, inside, tags);
}

function enter(node: StructureNode, around: Surroundings): Surroundings {
  const inside = { ...around, depth: around.depth + 1 };
  const role = node.role ?? '';
  if (role === 'Table') return { ...inside, table: { rows: [] }, cell: null };
  if (role === 'TR') inside.table?.rows.push({ cells: [] });
  else if (role === 'TH' || role === 'TD') {
    const cell: TableCell = { text: '', header: role === 'TH' };
    if (node.rowSpan !== undefined) cell.rowspan = node.rowSpan;
    if (node.colSpan !== undefined) cell.colspan = node.colSpan;
    inside.table?.rows.at(-1)?.cells.push(cell);
    return { ...inside, cell };
  }
  const level = /^H([1-6])$/u.exec(role)?.[1];
  if (level !== undefined || role === 'H') inside.headingLevel = Number(level ?? 1);
  return inside;
}
