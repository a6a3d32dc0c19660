import { coreTitle, mainPart, readRelationships } from '../opc-package.ts';
import type { ArchiveContext, Parsed } from '../parse-context.ts';
import { corruptDocument } from '../refusals.ts';
import { readXml } from '../xml.ts';
import { DocxBody } from './docx-body.ts';
import { readNumbering } from './docx-numbering.ts';
import { readStyles } from './docx-styles.ts';

/** Word's text in reading order, with the numbers that Word itself counts (第三条, 2.1), then the notes. */
export async function parseDocx({ archive, out }: ArchiveContext): Promise<Parsed> {
  const main = await mainPart(archive, 'word/document.xml');
  const relationships = await readRelationships(archive, main);
  const partOf = (type: string): string =>
    relationships.find((relationship) => relationship.type === type)?.target ?? '';
  const styles = await readStyles(archive, partOf('styles'));
  const numbering = await readNumbering(archive, partOf('numbering'));
  const body = new DocxBody(out, styles, numbering);
  if (!(await readXml(archive, main, body.handlers()))) throw corruptDocument('its main part is missing');
  body.finish();
  for (const type of ['footnotes', 'endnotes']) {
    // Notes have their own flow: an unclosed table in the text must not swallow them.
    const notes = new DocxBody(out, styles, numbering);
    await readXml(archive, partOf(type), notes.handlers());
    notes.finish();
  }
  return { title: (await coreTitle(archive)) ?? body.title, pages: null };
}
