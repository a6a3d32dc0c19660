import { expect, it } from 'vitest';
import { zipOf } from '../../../tests/fixtures/documents/build-zip.ts';
import { BlockCollector } from './block-collector.ts';
import { readHtmlBlocks } from './formats/html-blocks.ts';
import { parseMarkdown } from './formats/markdown.ts';
import { readSlideShapes } from './formats/pptx-shapes.ts';
import { defaultExtractionLimits } from './limits.ts';
import { ZipArchive } from './zip-archive.ts';

const blanks = ' '.repeat(100_000);
const collector = (): BlockCollector => new BlockCollector({ maxCharacters: 20_000_000 });

/** Patterns that try each place of a run anew would take minutes, and keep other documents waiting. */
it.each([
  ['blanks before code', `${blanks}x`, `${blanks}x`],
  ['blanks within code', `    a${blanks}x`, `    a${blanks}x`],
  ['empty lines within code', `~~~\na${'\n'.repeat(100_000)}b\n~~~`, `a${'\n'.repeat(100_000)}b`],
  ['blanks in a heading', `# a${blanks}b ##`, 'a b'],
  ['marks in a heading', `# a${' #'.repeat(50_000)}b`, `a${' #'.repeat(50_000)}b`],
  ['opened comments', '<!--'.repeat(200_000), '<!--'.repeat(200_000)],
])('Markdown with a long run of %s is read in one pass', async (_, source, text) => {
  const out = collector();
  await parseMarkdown({ text: source, out } as Parameters<typeof parseMarkdown>[0]);
  expect(out.blocks.map((block) => block.text)).toEqual([text]);
});

it('HTML with a long run of blanks is read in one pass', () => {
  const out = collector();
  readHtmlBlocks(`<p>a${blanks}<b>x</b></p>`, out);
  expect(out.blocks).toEqual([{ kind: 'paragraph', text: 'a x' }]);
});

it('a title of very many pieces is put together once', () => {
  const { title } = readHtmlBlocks(`<title> ${'a &amp; '.repeat(50_000)}b\n</title><p>x</p>`, collector());
  expect(title).toBe(`${'a & '.repeat(50_000)}b`);
});

it('a slide title with a long run of blanks is read in one pass', async () => {
  const title = `<sp><nvPr><ph type="title"/></nvPr><p><r><t>a${blanks}b</t></r></p></sp>`;
  const bytes = await zipOf({ 'slide.xml': `<sld>${title}</sld>` });
  const archive = await ZipArchive.open(bytes, defaultExtractionLimits);
  const { shapes } = await readSlideShapes(archive, 'slide.xml');
  expect(shapes[0]?.isTitle).toBe(true);
  expect(shapes.flatMap((shape) => shape.blocks.map((block) => block.text))).toEqual([`a${blanks}b`]);
});
