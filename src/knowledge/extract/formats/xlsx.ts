import { coreTitle, mainPart, readRelationships } from '../opc-package.ts';
import type { ArchiveContext, Parsed } from '../parse-context.ts';
import { corruptDocument, tooManyPages } from '../refusals.ts';
import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import { addSheetBlocks } from './xlsx-blocks.ts';
import { readNumberFormats } from './xlsx-number-format.ts';
import { readSheet } from './xlsx-sheet.ts';

interface SheetEntry {
  name: string;
  relationship: string;
  hidden: boolean;
}

/** Every visible sheet, row by row, with the values as the sheet shows them. */
export async function parseXlsx({ archive, limits, out }: ArchiveContext): Promise<Parsed> {
  const main = await mainPart(archive, 'xl/workbook.xml');
  const { sheets, from1904 } = await readWorkbook(archive, main);
  if (sheets.length === 0) throw corruptDocument('its workbook lists no sheets');
  if (sheets.length > limits.maxPages) throw tooManyPages(sheets.length, limits.maxPages, 'sheets');
  const relationships = await readRelationships(archive, main);
  const partOf = (type: string): string =>
    relationships.find((relationship) => relationship.type === type)?.target ?? '';
  const strings = await readSharedStrings(archive, partOf('sharedStrings'));
  const formats = await readNumberFormats(archive, partOf('styles'), from1904);
  for (const [index, sheet] of sheets.entries()) {
    if (sheet.hidden) {
      out.warn('sheet_hidden', `The hidden sheet “${sheet.name}” was left out.`, { sheet: sheet.name });
      continue;
    }
    const part = relationships.find((relationship) => relationship.id === sheet.relationship)?.target ?? '';
    const rows = await readSheet(archive, part, { strings, formats, maxCharacters: limits.maxCharacters });
    addSheetBlocks(rows, out, { page: index + 1, section: sheet.name });
  }
  return { title: await coreTitle(archive), pages: sheets.length };
}

async function readWorkbook(
  archive: ZipArchive,
  part: string,
): Promise<{ sheets: SheetEntry[]; from1904: boolean }> {
  const sheets: SheetEntry[] = [];
  let from1904 = false;
  const found = await readXml(archive, part, {
    open(element) {
      if (element.name === 'workbookPr') from1904 = /^(?:1|true)$/u.test(element.attribute('date1904') ?? '');
      if (element.name !== 'sheet') return;
      sheets.push({
        name: element.attribute('name') ?? '',
        relationship: element.prefixed('id') ?? '',
        hidden: (element.attribute('state') ?? 'visible') !== 'visible',
      });
    },
  });
  if (!found) throw corruptDocument('its workbook part is missing');
  return { sheets, from1904 };
}

async function readSharedStrings(archive: ZipArchive, part: string): Promise<string[]> {
  const strings: string[] = [];
  let text = '';
  let inText = false;
  let phonetic = 0;
  await readXml(archive, part, {
    open(element) {
      if (element.name === 'si') text = '';
      else if (element.name === 'rPh') phonetic++;
      else if (element.name === 't') inText = phonetic === 0;
    },
    close(name) {
      if (name === 'si') strings.push(text);
      else if (name === 'rPh') phonetic--;
      else if (name === 't') inText = false;
    },
    text(part) {
      if (inText) text += part;
    },
  });
  return strings;
}
