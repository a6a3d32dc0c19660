import { Parser } from 'htmlparser2';
import type { BlockCollector, BlockPlace } from '../block-collector.ts';
import { joinAllLines } from '../join-lines.ts';
import { maxHtmlDepth } from '../limits.ts';
import { corruptDocument } from '../refusals.ts';
import { type TableCell, type TableRow, tableRowTexts } from '../table-rows.ts';

export interface HtmlReading {
  /** Content of the title element. */
  title: string | null;
}

type Attributes = Readonly<Record<string, string>>;

const dropped = new Set(
  'script style nav noscript template svg math iframe object audio video canvas select button textarea'.split(
    ' ',
  ),
);
const droppedRoles = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu']);
const blockElements = new Set(
  (
    'address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure ' +
    'footer form header hr html legend main ol p section summary ul'
  ).split(' '),
);
const voidElements = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
);

/** Reads HTML or XHTML into blocks: headings, paragraphs, list items, table rows, preformatted text. */
export function readHtmlBlocks(html: string, out: BlockCollector, place: BlockPlace = {}): HtmlReading {
  const builder = new HtmlBlockBuilder(out, place);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => builder.open(name, attributes),
      ontext: (text) => builder.text(text),
      onclosetag: (name) => builder.close(name),
    },
    { decodeEntities: true, recognizeSelfClosing: true },
  );
  parser.end(html);
  builder.flush();
  return { title: builder.title };
}

interface OpenTable {
  rows: TableRow[];
  cell: TableCell | null;
  inHead: boolean;
  /** Holds another table or headings: it arranges a page and has no rows worth naming. */
  layout: boolean;
}

class HtmlBlockBuilder {
  title: string | null = null;
  readonly #out: BlockCollector;
  readonly #place: BlockPlace;
  readonly #tables: OpenTable[] = [];
  readonly #lists: { ordered: boolean; next: number }[] = [];
  #depth = 0;
  #droppedAt = 0;
  #heading = 0;
  #preformatted = 0;
  #itemMarker: string | null = null;
  #inTitle = false;
  #titleText = '';
  #text = '';

  constructor(out: BlockCollector, place: BlockPlace) {
    this.#out = out;
    this.#place = place;
  }

  open(name: string, attributes: Attributes): void {
    if (voidElements.has(name)) {
      if (this.#droppedAt === 0) this.#openVoid(name);
      return;
    }
    if (++this.#depth > maxHtmlDepth) throw corruptDocument('its markup is nested too deeply');
    if (this.#droppedAt > 0) return;
    if (isDropped(name, attributes)) {
      this.#droppedAt = this.#depth;
      return;
    }
    if (name === 'title') this.#inTitle = this.title === null;
    else if (/^h[1-6]$/u.test(name)) this.#openHeading(Number(name[1]));
    else if (name === 'li') this.#openItem(attributes);
    else if (name === 'pre') this.#openPreformatted();
    else if (isTablePart(name)) this.#openTablePart(name, attributes);
    else if (blockElements.has(name)) this.#openBlock(name, attributes);
  }

  text(text: string): void {
    if (this.#droppedAt > 0) return;
    if (this.#inTitle) this.#titleText += text;
    else if (this.#preformatted > 0) this.#text += text;
    else this.#text += collapse(text, this.#text);
  }

  close(name: string): void {
    if (voidElements.has(name)) return;
    const wasDropped = this.#droppedAt > 0;
    if (this.#depth === this.#droppedAt) this.#droppedAt = 0;
    this.#depth--;
    if (wasDropped) return;
    if (name === 'title') this.#closeTitle();
    else if (/^h[1-6]$/u.test(name)) this.#closeHeading();
    else if (name === 'li') this.#closeItem();
    else if (name === 'pre') this.#closePreformatted();
    else if (isTablePart(name)) this.#closeTablePart(name);
    else if (blockElements.has(name)) this.#closeBlock(name);
  }

  /** Ends the block in hand. Inside a table cell a block is only a new line of the cell. */
  flush(): void {
    const table = this.#cellTable();
    if (table !== null) {
      if (this.#text !== '' && !this.#text.endsWith('\n')) this.#text += '\n';
      return;
    }
    const text = this.#text;
    this.#text = '';
    if (text.trim() === '') return;
    if (this.#preformatted > 0) this.#out.add('code', text, this.#place);
    else if (this.#heading > 0) {
      this.#out.add('heading', text.replace(/\s+/gu, ' '), { ...this.#place, level: this.#heading });
    } else if (this.#itemMarker !== null) {
      this.#out.add('list-item', this.#itemMarker + text.trimStart(), this.#place);
      this.#itemMarker = '';
    } else this.#out.add('paragraph', text, this.#place);
  }

  #closeTitle(): void {
    if (!this.#inTitle) return;
    this.#inTitle = false;
    this.title = this.#titleText.replace(/\s+/gu, ' ').trim() || null;
  }

  #openVoid(name: string): void {
    if (name === 'br') this.#text += '\n';
    else if (name === 'hr') this.flush();
  }

  #openBlock(name: string, attributes: Attributes): void {
    this.flush();
    if (name === 'ol' || name === 'ul') {
      this.#lists.push({ ordered: name === 'ol', next: Number.parseInt(attributes.start ?? '1', 10) || 1 });
    }
  }

  #closeBlock(name: string): void {
    this.flush();
    if (name === 'ol' || name === 'ul') this.#lists.pop();
  }

  #openHeading(level: number): void {
    this.flush();
    if (this.#cellTable() !== null) this.#makeLayout();
    this.#heading = level;
  }

  #closeHeading(): void {
    this.flush();
    this.#heading = 0;
  }

  #openItem(attributes: Attributes): void {
    this.flush();
    const list = this.#lists.at(-1);
    if (list?.ordered !== true) this.#itemMarker = '';
    else {
      list.next = Number.parseInt(attributes.value ?? '', 10) || list.next;
      this.#itemMarker = `${list.next++}. `;
    }
    if (this.#cellTable() !== null) this.#text += this.#itemMarker;
  }

  #closeItem(): void {
    this.flush();
    this.#itemMarker = this.#lists.length > 1 ? '' : null;
  }

  #openPreformatted(): void {
    this.flush();
    this.#preformatted++;
  }

  #closePreformatted(): void {
    this.flush();
    this.#preformatted = Math.max(0, this.#preformatted - 1);
  }

  #openTablePart(name: string, attributes: Attributes): void {
    if (name === 'table') {
      if (this.#cellTable() !== null) this.#makeLayout();
      this.flush();
      this.#tables.push({ rows: [], cell: null, inHead: false, layout: false });
      return;
    }
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    if (name === 'thead') table.inHead = true;
    else if (name === 'tr') table.rows.push({ cells: [], head: table.inHead });
    else if (name === 'td' || name === 'th') {
      this.flush();
      this.#text = '';
      table.cell = { text: '', header: name === 'th', ...spans(attributes) };
    }
  }

  #closeTablePart(name: string): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    if (name === 'thead') table.inHead = false;
    else if ((name === 'td' || name === 'th') && table.cell !== null) this.#closeCell(table, table.cell);
    else if (name === 'table') {
      this.#closeTable(table);
      this.#tables.pop();
    }
  }

  #closeCell(table: OpenTable, cell: TableCell): void {
    if (table.layout) {
      this.flush();
      table.cell = null;
      return;
    }
    cell.text = this.#text;
    this.#text = '';
    table.cell = null;
    if (table.rows.length === 0) table.rows.push({ cells: [] });
    table.rows.at(-1)?.cells.push(cell);
  }

  #closeTable(table: OpenTable): void {
    const single = table.rows.every((row) => row.cells.length <= 1);
    for (const text of tableRowTexts(table.rows)) {
      this.#out.add(single ? 'paragraph' : 'table-row', text, this.#place);
    }
    table.rows = [];
  }

  /** The innermost table, if text now belongs to one of its cells. */
  #cellTable(): OpenTable | null {
    const table = this.#tables.at(-1);
    return table !== undefined && table.cell !== null && !table.layout ? table : null;
  }

  /** What was gathered of the tables around is handed out as it stands; the rest follows block by block. */
  #makeLayout(): void {
    for (const table of this.#tables) {
      if (table.layout) continue;
      for (const row of table.rows) {
        for (const cell of row.cells) this.#out.add('paragraph', cell.text, this.#place);
      }
      table.rows = [];
      table.layout = true;
    }
    this.flush();
  }
}

function isDropped(name: string, attributes: Attributes): boolean {
  if (dropped.has(name) || droppedRoles.has(attributes.role ?? '')) return true;
  return attributes.hidden !== undefined || attributes['aria-hidden'] === 'true';
}

function isTablePart(name: string): boolean {
  return /^(?:table|thead|tbody|tfoot|tr|td|th)$/u.test(name);
}

function spans(attributes: Attributes): { colspan?: number; rowspan?: number } {
  const colspan = Number.parseInt(attributes.colspan ?? '', 10);
  const rowspan = Number.parseInt(attributes.rowspan ?? '', 10);
  return { ...(colspan > 1 && { colspan }), ...(rowspan > 1 && { rowspan }) };
}

/** White space as a browser shows it, except that a line end between Chinese characters leaves nothing. */
function collapse(text: string, before: string): string {
  const lines = text.split(/(?<![ \t\f])[ \t\f]*\r?\n[ \t\f\r\n]*/u);
  // Only at either end a line can be empty: there the line end stands between this text and another.
  const blankAt = (line: string | undefined): string => (lines.length > 1 && line === '' ? ' ' : '');
  const joined = blankAt(lines[0]) + joinAllLines(lines) + blankAt(lines.at(-1));
  const collapsed = joined.replace(/[ \t\f]+/gu, ' ');
  return before === '' || /\s/u.test(before.at(-1) ?? '') ? collapsed.trimStart() : collapsed;
}
