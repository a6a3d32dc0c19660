import { escapeXml } from './markup.ts';
import { type SourceBlock, splitAtHeadings } from './source-blocks.ts';
import { zipEntries } from './zip-archive.ts';

const xmlHead = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const officeRelationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/** Styles of `styles.xml`: 1 is the bold header, 2 shows a number with thousands separators. */
const headerStyle = 1;
const amountStyle = 2;

/** One sheet a first-level heading with its table; whole numbers become numeric cells. */
export async function writeXlsx(blocks: SourceBlock[]): Promise<Buffer> {
  const sheets = splitAtHeadings(blocks, 1).map(([heading, table]) => {
    if (heading?.kind !== 'heading' || table?.kind !== 'table') {
      throw new Error('Each sheet needs a heading followed by a table.');
    }
    return { name: heading.text, rows: [table.header, ...table.rows] };
  });
  const strings = new Map<string, number>();
  const sheetEntries = sheets.map(({ rows }, index) => ({
    path: `xl/worksheets/sheet${index + 1}.xml`,
    content: worksheet(rows, strings),
  }));
  return zipEntries([
    { path: '[Content_Types].xml', content: contentTypes(sheets.length) },
    {
      path: '_rels/.rels',
      content: `${xmlHead}<Relationships xmlns="${relationships}"><Relationship Id="rId1" Type="${officeRelationships}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    },
    { path: 'xl/workbook.xml', content: workbook(sheets.map((sheet) => sheet.name)) },
    { path: 'xl/_rels/workbook.xml.rels', content: workbookRelationships(sheets.length) },
    { path: 'xl/styles.xml', content: styles() },
    ...sheetEntries,
    { path: 'xl/sharedStrings.xml', content: sharedStrings([...strings.keys()]) },
  ]);
}

function worksheet(rows: string[][], strings: Map<string, number>): string {
  const rowElements = rows.map((cells, rowIndex) => {
    const cellElements = cells.map((cell, columnIndex) => {
      const reference = `${String.fromCodePoint(65 + columnIndex)}${rowIndex + 1}`;
      if (/^\d+$/.test(cell)) {
        return `<c r="${reference}" s="${amountStyle}"><v>${cell}</v></c>`;
      }
      const stringIndex = strings.get(cell) ?? strings.size;
      strings.set(cell, stringIndex);
      return `<c r="${reference}" t="s"${rowIndex === 0 ? ` s="${headerStyle}"` : ''}><v>${stringIndex}</v></c>`;
    });
    return `<row r="${rowIndex + 1}">${cellElements.join('')}</row>`;
  });
  return `${xmlHead}<worksheet xmlns="${spreadsheet}"><sheetData>${rowElements.join('')}</sheetData></worksheet>`;
}

function workbook(names: string[]): string {
  const sheets = names.map(
    (name, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `${xmlHead}<workbook xmlns="${spreadsheet}" xmlns:r="${officeRelationships}"><sheets>${sheets.join('')}</sheets></workbook>`;
}

function workbookRelationships(sheetCount: number): string {
  const targets = [
    ...Array.from({ length: sheetCount }, (_, index) => ['worksheet', `worksheets/sheet${index + 1}.xml`]),
    ['styles', 'styles.xml'],
    ['sharedStrings', 'sharedStrings.xml'],
  ];
  const elements = targets.map(
    ([type, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${officeRelationships}/${type}" Target="${target}"/>`,
  );
  return `${xmlHead}<Relationships xmlns="${relationships}">${elements.join('')}</Relationships>`;
}

function contentTypes(sheetCount: number): string {
  const prefix = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = [
    ['/xl/workbook.xml', 'sheet.main'],
    ['/xl/styles.xml', 'styles'],
    ['/xl/sharedStrings.xml', 'sharedStrings'],
    ...Array.from({ length: sheetCount }, (_, index) => [
      `/xl/worksheets/sheet${index + 1}.xml`,
      'worksheet',
    ]),
  ];
  const overrides = parts.map(
    ([path, type]) => `<Override PartName="${path}" ContentType="${prefix}.${type}+xml"/>`,
  );
  return `${xmlHead}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides.join('')}</Types>`;
}

function styles(): string {
  return `${xmlHead}<styleSheet xmlns="${spreadsheet}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`;
}

function sharedStrings(strings: string[]): string {
  const items = strings.map((text) => `<si><t>${escapeXml(text)}</t></si>`);
  return `${xmlHead}<sst xmlns="${spreadsheet}" count="${items.length}" uniqueCount="${items.length}">${items.join('')}</sst>`;
}
