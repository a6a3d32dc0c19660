import pptxgenjs from 'pptxgenjs';
import { type SourceBlock, splitAtHeadings } from './source-blocks.ts';

// Its declarations are those of the CommonJS build, whereas Node loads the ES one, whose default is the class itself.
const Presentation = pptxgenjs as unknown as typeof pptxgenjs.default;

/** Inches, as all measures here. */
const margin = 0.5;
const contentTop = 1.2;
const contentWidth = 12.3;

/** One slide a second-level heading; the first holds the title of the whole. */
export async function writePptx(title: string, blocks: SourceBlock[]): Promise<Buffer> {
  const presentation = new Presentation();
  presentation.layout = 'LAYOUT_WIDE';
  presentation.title = title;
  presentation.defineSlideMaster({
    title: 'CONTENT',
    objects: [
      {
        placeholder: {
          options: { name: 'title', type: 'title', x: margin, y: 0.3, w: contentWidth, h: 0.8, fontSize: 28 },
          text: '',
        },
      },
    ],
  });
  for (const slideBlocks of splitAtHeadings(blocks, 2)) {
    addSlide(presentation, slideBlocks);
  }
  return (await presentation.write({ outputType: 'nodebuffer' })) as Buffer;
}

function addSlide(presentation: pptxgenjs.default, blocks: SourceBlock[]): void {
  const slide = presentation.addSlide({ masterName: 'CONTENT' });
  let top = contentTop;
  for (const block of blocks) {
    const height = blockHeight(block);
    const box = { x: margin, y: top, w: contentWidth, h: height, fontSize: 16 };
    if (block.kind === 'heading') {
      slide.addText(block.text, { placeholder: 'title' });
      continue;
    }
    if (block.kind === 'paragraph') {
      slide.addText(block.text, box);
    } else if (block.kind === 'list') {
      const bullet = block.ordered ? { type: 'number' as const } : true;
      slide.addText(
        block.items.map((text) => ({ text, options: { bullet, breakLine: true } })),
        box,
      );
    } else {
      const rows = [block.header, ...block.rows].map((row, rowIndex) =>
        row.map((text) => ({ text, options: { bold: rowIndex === 0 } })),
      );
      slide.addTable(rows, { ...box, fontSize: 14, border: { type: 'solid', pt: 1, color: '999999' } });
    }
    top += height;
  }
}

function blockHeight(block: SourceBlock): number {
  switch (block.kind) {
    case 'list':
      return block.items.length * 0.75;
    case 'table':
      return (block.rows.length + 1) * 0.45;
    case 'paragraph':
      return 0.6;
    case 'heading':
      return 0;
  }
}
