import type { BlockKind } from '../extracted-document.ts';
import { type TableCell, type TableRow, tableRowTexts } from '../table-rows.ts';
import { readXml, type XmlElement } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';

export interface SlideShape {
  /** Type of the placeholder that the shape fills, or null for a free shape. */
  placeholder: string | null;
  isTitle: boolean;
  blocks: { kind: BlockKind; text: string }[];
}

/** Repeated on every slide: date, footer, slide number, header. */
const furniture = new Set(['dt', 'ftr', 'sldNum', 'hdr', 'sldImg']);

/** Shapes of a slide, notes page or diagram in drawing order. */
export async function readSlideShapes(
  archive: ZipArchive,
  part: string,
): Promise<{ shapes: SlideShape[]; hidden: boolean }> {
  const reader = new ShapeReader();
  await readXml(archive, part, {
    open: (element) => reader.open(element),
    close: (name) => reader.close(name),
    text: (text) => reader.text(text),
  });
  reader.endShape();
  return { shapes: reader.shapes, hidden: reader.hidden };
}

class ShapeReader {
  readonly shapes: SlideShape[] = [];
  hidden = false;
  #shape: SlideShape = newShape();
  #paragraph = '';
  #bullet = false;
  #inText = false;
  #rows: TableRow[] | null = null;
  #cell: (TableCell & { continued: boolean }) | null = null;

  open(element: XmlElement): void {
    const { name } = element;
    if (name === 'sld') this.hidden = element.attribute('show') === '0';
    else if (name === 'sp' || name === 'graphicFrame') this.endShape();
    else if (name === 'ph') this.#setPlaceholder(element.attribute('type') ?? 'obj');
    else if (name === 'p') {
      this.#paragraph = '';
      this.#bullet = false;
    } else if (name === 'pPr') this.#bullet = Number(element.attribute('lvl') ?? 0) > 0;
    else if (name === 'buChar' || name === 'buAutoNum' || name === 'buBlip') this.#bullet = true;
    else if (name === 't') this.#inText = true;
    else if (name === 'br') this.#paragraph += '\n';
    else if (name === 'tbl') this.#rows = [];
    else if (name === 'tr') this.#rows?.push({ cells: [] });
    else if (name === 'tc') this.#openCell(element);
  }

  text(text: string): void {
    if (this.#inText) this.#paragraph += text;
  }

  close(name: string): void {
    if (name === 't') this.#inText = false;
    else if (name === 'p') this.#closeParagraph();
    else if (name === 'tc') this.#closeCell();
    else if (name === 'tbl') this.#closeTable();
    else if (name === 'sp' || name === 'graphicFrame') this.endShape();
  }

  endShape(): void {
    const { placeholder, blocks } = this.#shape;
    if (blocks.length > 0 && !furniture.has(placeholder ?? '')) this.shapes.push(this.#shape);
    this.#shape = newShape();
  }

  #setPlaceholder(type: string): void {
    this.#shape.placeholder = type;
    this.#shape.isTitle = type === 'title' || type === 'ctrTitle';
  }

  #closeParagraph(): void {
    const text = this.#paragraph.trim();
    this.#paragraph = '';
    if (text === '') return;
    if (this.#cell !== null) this.#cell.text += this.#cell.text === '' ? text : `\n${text}`;
    else if (this.#shape.isTitle) this.#addToTitle(text.replace(/(?<!\s)\s*\n\s*/gu, ' '));
    else this.#shape.blocks.push({ kind: this.#kind(), text });
  }

  /** Placeholders for content show bullets unless told otherwise. */
  #kind(): BlockKind {
    const content = this.#shape.placeholder === 'obj' || this.#shape.placeholder === 'body';
    return this.#bullet || content ? 'list-item' : 'paragraph';
  }

  #addToTitle(text: string): void {
    const title = this.#shape.blocks[0];
    if (title === undefined) this.#shape.blocks.push({ kind: 'heading', text });
    else title.text += ` ${text}`;
  }

  #openCell(element: XmlElement): void {
    const colspan = Number(element.attribute('gridSpan') ?? 1);
    const rowspan = Number(element.attribute('rowSpan') ?? 1);
    const continued = element.attribute('hMerge') === '1' || element.attribute('vMerge') === '1';
    this.#cell = { text: '', colspan, rowspan, continued };
  }

  #closeCell(): void {
    if (this.#cell !== null && !this.#cell.continued) {
      const { continued: _, ...cell } = this.#cell;
      this.#rows?.at(-1)?.cells.push(cell);
    }
    this.#cell = null;
  }

  #closeTable(): void {
    for (const text of tableRowTexts(this.#rows ?? [])) this.#shape.blocks.push({ kind: 'table-row', text });
    this.#rows = null;
  }
}

function newShape(): SlideShape {
  return { placeholder: null, isTitle: false, blocks: [] };
}
