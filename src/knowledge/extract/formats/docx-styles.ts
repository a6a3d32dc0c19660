import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import type { NumberingReference } from './docx-numbering.ts';

export interface ParagraphStyle {
  /** 1 to 6 for headings, 0 for the document's title. */
  headingLevel: number | null;
  numbering: NumberingReference | null;
  code: boolean;
}

interface RawStyle {
  name: string;
  basedOn: string | null;
  outline: number | null;
  numbering: { id: string | null; level: number | null };
}

const noStyle: ParagraphStyle = { headingLevel: null, numbering: null, code: false };
const longestChain = 20;

/** Paragraph styles by id, with what they inherit. */
export class DocxStyles {
  readonly #raw: ReadonlyMap<string, RawStyle>;
  readonly #resolved = new Map<string, ParagraphStyle>();

  constructor(raw: ReadonlyMap<string, RawStyle>) {
    this.#raw = raw;
  }

  get(id: string | null): ParagraphStyle {
    if (id === null) return noStyle;
    const known = this.#resolved.get(id);
    if (known !== undefined) return known;
    const resolved = this.#resolve(id);
    this.#resolved.set(id, resolved);
    return resolved;
  }

  #resolve(id: string): ParagraphStyle {
    let headingLevel: number | null = null;
    let numberingId: string | null = null;
    let numberingLevel: number | null = null;
    let code = false;
    let next: string | null = id;
    for (let step = 0; next !== null && step < longestChain; step++) {
      const style = this.#raw.get(next);
      if (style === undefined) break;
      headingLevel ??= headingLevelOf(style);
      numberingId ??= style.numbering.id;
      numberingLevel ??= style.numbering.level;
      code ||= /^(?:html preformatted|source code|code|代码|macro)$/iu.test(style.name);
      next = style.basedOn;
    }
    const numbering = numberingId === null ? null : { id: numberingId, level: numberingLevel ?? 0 };
    return { headingLevel, numbering, code };
  }
}

export async function readStyles(archive: ZipArchive, part: string): Promise<DocxStyles> {
  const raw = new Map<string, RawStyle>();
  let current: RawStyle | null = null;
  await readXml(archive, part, {
    open(element) {
      const value = element.attribute('val') ?? '';
      if (element.name === 'style') {
        current = { name: '', basedOn: null, outline: null, numbering: { id: null, level: null } };
        raw.set(element.attribute('styleId') ?? '', current);
      } else if (current === null) return;
      else if (element.name === 'name') current.name = value;
      else if (element.name === 'basedOn') current.basedOn = value;
      else if (element.name === 'outlineLvl') current.outline = Number(value);
      else if (element.name === 'numId') current.numbering.id = value;
      else if (element.name === 'ilvl') current.numbering.level = Number(value);
    },
    close(name) {
      if (name === 'style') current = null;
    },
  });
  return new DocxStyles(raw);
}

/** Built-in styles keep their English names in every language of Word; other programs translate them. */
function headingLevelOf(style: RawStyle): number | null {
  if (/^(?:title|标题|文档标题)$/iu.test(style.name)) return 0;
  const numbered = /^(?:heading|标题)\s*([1-9])$/iu.exec(style.name)?.[1];
  if (numbered !== undefined) return Math.min(6, Number(numbered));
  if (style.outline !== null && style.outline >= 0 && style.outline < 9)
    return Math.min(6, style.outline + 1);
  return null;
}
