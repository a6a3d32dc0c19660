import {
  Document,
  HeadingLevel,
  LevelFormat,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
  WidthType,
} from 'docx';
import type { SourceBlock } from './source-blocks.ts';

const headingLevels = [HeadingLevel.HEADING_1, HeadingLevel.HEADING_2, HeadingLevel.HEADING_3];

/** Real heading styles, numbered and bulleted lists, tables with a header row. */
export async function writeDocx(title: string, blocks: SourceBlock[]): Promise<Buffer> {
  const document = new Document({
    title,
    creator: "Donglan First People's Hospital",
    styles: { default: { document: { run: { font: 'Noto Sans CJK SC', size: 22 } } } },
    numbering: {
      config: [{ reference: 'steps', levels: [{ level: 0, format: LevelFormat.DECIMAL, text: '%1.' }] }],
    },
    sections: [{ children: blocks.flatMap(renderBlock) }],
  });
  return Packer.toBuffer(document);
}

function renderBlock(block: SourceBlock, blockIndex: number): (Paragraph | Table)[] {
  switch (block.kind) {
    case 'heading':
      return [new Paragraph({ text: block.text, heading: headingLevels[block.level - 1]! })];
    case 'paragraph':
      return [new Paragraph({ text: block.text })];
    case 'list':
      return block.items.map((text) =>
        block.ordered
          ? // The instance makes each list start at 1 again.
            new Paragraph({ text, numbering: { reference: 'steps', level: 0, instance: blockIndex } })
          : new Paragraph({ text, bullet: { level: 0 } }),
      );
    case 'table':
      return [
        new Table({
          width: { size: 100, type: WidthType.PERCENTAGE },
          rows: [renderRow(block.header, true), ...block.rows.map((row) => renderRow(row, false))],
        }),
        new Paragraph({}),
      ];
  }
}

function renderRow(cells: string[], isHeader: boolean): TableRow {
  return new TableRow({
    tableHeader: isHeader,
    children: cells.map(
      (text) =>
        new TableCell({ children: [new Paragraph({ children: [new TextRun({ text, bold: isHeader })] })] }),
    ),
  });
}
