import { expect, it } from 'vitest';
import { zipOf } from '../../../tests/fixtures/documents/build-zip.ts';
import { BlockCollector } from './block-collector.ts';
import { readHtmlBlocks } from './formats/html-blocks.ts';
import { parseMarkdown } from './formats/markdown.ts';
import { readSlideShapes } from './formats/pptx-shapes.ts';
import { parseText } from './formats/text.ts';
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

/** Line by line onto what has grown, a log of two megabytes took more than a minute. */
it('very many lines without a blank one between them are joined once, in every format', async () => {
  const lines = Array.from({ length: 12_000 }, (_, at) =>
    `entry ${String(at).padStart(8, '0')} `.padEnd(99, 'x'),
  );
  const joined = lines.join(' ');
  const source = lines.join('\n');
  const [text, markdown, html] = [collector(), collector(), collector()];
  await parseText({ text: source, out: text } as Parameters<typeof parseText>[0]);
  await parseMarkdown({ text: source, out: markdown } as Parameters<typeof parseMarkdown>[0]);
  readHtmlBlocks(`<p>${source}</p>`, html);
  for (const { blocks } of [text, markdown, html]) {
    expect(blocks.map((block) => block.text === joined)).toEqual([true]);
  }
});

it('a text of more lines than a call takes arguments is no damaged document', async () => {
  const out = collector();
  const text = 'a log\n'.repeat(150_000);
  await parseText({ text, out } as Parameters<typeof parseText>[0]);
  expect(out.blocks.map((block) => block.text).join('\n')).toBe(text.trimEnd());
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
