import type { BlockCollector } from '../block-collector.ts';
import { type TableCell, type TableRow, tableRowTexts } from '../table-rows.ts';
import type { XmlElement, XmlHandlers } from '../xml.ts';
import type { DocxNumbering, NumberingReference } from './docx-numbering.ts';
import type { DocxStyles } from './docx-styles.ts';

interface OpenParagraph {
  text: string;
  style: string | null;
  outline: number | null;
  numberingId: string | null;
  numberingLevel: number | null;
}

interface OpenTable {
  rows: TableRow[];
  cell: (TableCell & { continued: boolean }) | null;
}

/** Deleted and moved-away revisions, field codes and the older twin of a drawing: not what a reader sees. */
const dropped = new Set(['del', 'moveFrom', 'instrText', 'delText', 'Fallback', 'pPrChange', 'rPrChange']);

/** Turns the events of WordprocessingML into blocks. */
export class DocxBody {
  /** Text of the first paragraph in the style `Title`. */
  title: string | null = null;
  readonly #out: BlockCollector;
  readonly #styles: DocxStyles;
  readonly #numbering: DocxNumbering;
  readonly #paragraphs: OpenParagraph[] = [];
  readonly #tables: OpenTable[] = [];
  #dropped = 0;
  #inText = 0;
  #inRun = 0;
  #separatorNote = false;

  constructor(out: BlockCollector, styles: DocxStyles, numbering: DocxNumbering) {
    this.#out = out;
    this.#styles = styles;
    this.#numbering = numbering;
  }

  handlers(): XmlHandlers {
    return {
      open: (element) => this.#open(element),
      close: (name) => this.#close(name),
      text: (text) => {
        const paragraph = this.#paragraphs.at(-1);
        if (this.#inText > 0 && this.#dropped === 0 && paragraph !== undefined) paragraph.text += text;
      },
    };
  }

  finish(): void {
    while (this.#tables.length > 0) this.#closeTable();
  }

  #open(element: XmlElement): void {
    const { name } = element;
    if (dropped.has(name)) this.#dropped++;
    if (this.#dropped > 0) return;
    if (name === 't') this.#inText++;
    else if (name === 'r') this.#inRun++;
    else if (name === 'p') this.#openParagraph();
    else if (name === 'footnote' || name === 'endnote') {
      this.#separatorNote = (element.attribute('type') ?? 'normal') !== 'normal';
    } else if (isTablePart(name)) this.#openTablePart(element);
    else this.#readProperty(element);
  }

  #close(name: string): void {
    if (dropped.has(name)) {
      this.#dropped--;
      return;
    }
    if (this.#dropped > 0) return;
    if (name === 't') this.#inText--;
    else if (name === 'r') this.#inRun--;
    else if (name === 'p') this.#closeParagraph();
    else if (name === 'tc') this.#closeCell();
    else if (name === 'tbl') this.#closeTable();
  }

  #openParagraph(): void {
    this.#paragraphs.push({ text: '', style: null, outline: null, numberingId: null, numberingLevel: null });
  }

  #readProperty(element: XmlElement): void {
    const paragraph = this.#paragraphs.at(-1);
    if (paragraph === undefined) return;
    const value = element.attribute('val') ?? null;
    if (element.name === 'pStyle') paragraph.style = value;
    else if (element.name === 'numId') paragraph.numberingId = value;
    else if (element.name === 'ilvl') paragraph.numberingLevel = Number(value);
    else if (element.name === 'outlineLvl') paragraph.outline = Number(value);
    // Outside of a run, a tab is the position of a tab stop.
    else if (element.name === 'tab' && this.#inRun > 0) paragraph.text += '\t';
    else if (element.name === 'br' || element.name === 'cr') paragraph.text += '\n';
    else if (element.name === 'noBreakHyphen') paragraph.text += '-';
    else if (element.name === 'sym') paragraph.text += symbol(element);
  }

  #closeParagraph(): void {
    const paragraph = this.#paragraphs.pop();
    if (paragraph === undefined || this.#separatorNote || paragraph.text.trim() === '') return;
    const style = this.#styles.get(paragraph.style);
    const number = this.#numbering.next(numberingOf(paragraph, style.numbering));
    const text =
      number === null || number === '' ? paragraph.text : `${number} ${paragraph.text.trimStart()}`;
    const cell = this.#tables.at(-1)?.cell;
    if (cell) {
      cell.text += cell.text === '' ? text : `\n${text}`;
      return;
    }
    const outline = paragraph.outline !== null && paragraph.outline < 9 ? paragraph.outline + 1 : null;
    const level = style.headingLevel ?? outline;
    if (style.headingLevel === 0) this.title ??= paragraph.text.trim();
    if (level !== null) this.#out.add('heading', text, { level: Math.max(1, level) });
    else if (style.code) this.#out.add('code', text);
    // Articles of a rule are numbered by Word too, and are no list.
    else this.#out.add(number === null || number.startsWith('第') ? 'paragraph' : 'list-item', text);
  }

  #openTablePart(element: XmlElement): void {
    if (element.name === 'tbl') {
      this.#tables.push({ rows: [], cell: null });
      return;
    }
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    const row = table.rows.at(-1);
    if (element.name === 'tr') table.rows.push({ cells: [] });
    else if (element.name === 'tc') table.cell = { text: '', continued: false };
    else if (element.name === 'tblHeader' && row !== undefined) row.head = isOn(element);
    else if (table.cell === null) return;
    else if (element.name === 'gridSpan') table.cell.colspan = Number(element.attribute('val')) || 1;
    else if (element.name === 'vMerge') table.cell.continued = element.attribute('val') !== 'restart';
  }

  #closeCell(): void {
    const table = this.#tables.at(-1);
    const row = table?.rows.at(-1);
    if (table === undefined || row === undefined || table.cell === null) return;
    const { continued, ...cell } = table.cell;
    // A vertically merged cell holds its text in its first row only.
    if (continued) cell.text = textAbove(table.rows, columnsOf(row)) ?? cell.text;
    row.cells.push(cell);
    table.cell = null;
  }

  #closeTable(): void {
    const table = this.#tables.pop();
    if (table === undefined) return;
    const texts = tableRowTexts(table.rows);
    const outer = this.#tables.at(-1)?.cell;
    if (outer) {
      outer.text += texts.map((text) => `\n${text}`).join('');
      return;
    }
    const single = table.rows.every((row) => row.cells.length <= 1);
    for (const text of texts) this.#out.add(single ? 'paragraph' : 'table-row', text);
  }
}

/** An on/off property is on without a value; some writers spell out that it is off. */
function isOn(element: XmlElement): boolean {
  return !/^(?:0|false|off)$/u.test(element.attribute('val') ?? '');
}

function isTablePart(name: string): boolean {
  return /^(?:tbl|tr|tc|tblHeader|gridSpan|vMerge)$/u.test(name);
}

function numberingOf(
  paragraph: OpenParagraph,
  inherited: NumberingReference | null,
): NumberingReference | null {
  const id = paragraph.numberingId ?? inherited?.id ?? null;
  return id === null ? null : { id, level: paragraph.numberingLevel ?? inherited?.level ?? 0 };
}

function columnsOf(row: TableRow): number {
  return row.cells.reduce((sum, cell) => sum + (cell.colspan ?? 1), 0);
}

function textAbove(rows: readonly TableRow[], column: number): string | null {
  let position = 0;
  for (const cell of rows.at(-2)?.cells ?? []) {
    if (position === column) return cell.text;
    position += cell.colspan ?? 1;
  }
  return null;
}

/** Symbol fonts keep their characters in the private area; only the common check marks have a meaning in text. */
function symbol(element: XmlElement): string {
  const code = (element.attribute('char') ?? '').toUpperCase();
  const marks: Record<string, string> = { F0FE: '☑', F0A8: '☐', F06F: '☐', F0FC: '✓', F0E0: '→', F0D8: '➢' };
  return marks[code] ?? '';
}
