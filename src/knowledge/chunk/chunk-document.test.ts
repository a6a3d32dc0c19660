import { describe, expect, test } from 'vitest';
import type { Block, ExtractedDocument } from '../extract/extracted-document.ts';
import { fullText } from '../extract/full-text.ts';
import { chunkDocument, DEFAULT_CHUNK_OPTIONS } from './chunk-document.ts';

function documentOf(blocks: Block[], more: Partial<ExtractedDocument> = {}): ExtractedDocument {
  return { format: 'markdown', title: null, pages: null, blocks, warnings: [], ...more };
}

const heading = (text: string, level: number): Block => ({ kind: 'heading', text, level });
const paragraph = (text: string): Block => ({ kind: 'paragraph', text });
const item = (text: string): Block => ({ kind: 'list-item', text });
const chunk = (document: ExtractedDocument, maxTokens = 60, overlapTokens = 15) =>
  chunkDocument('doc', document, { maxTokens, overlapTokens });

describe('statutes', () => {
  const law = documentOf(
    [
      heading('休假条例', 1),
      paragraph('2007年12月14日公布'),
      heading('第一章 总则', 2),
      paragraph('第一条 为了维护职工休息休假权利，制定本条例。'),
      paragraph('第二条 有下列情形之一的，不享受当年的年休假：'),
      paragraph('（一）依法享受寒暑假的；'),
      paragraph('（二）请事假累计20天以上的。'),
      heading('第二章 附则', 2),
      paragraph('第三条 本条例自公布之日起施行。'),
    ],
    { title: '休假条例' },
  );

  test('an article is one chunk with its items, its chapter and its number', () => {
    const second = chunk(law).find(({ article }) => article === '第二条');
    expect(second?.text).toBe(
      '第二条 有下列情形之一的，不享受当年的年休假：\n（一）依法享受寒暑假的；\n（二）请事假累计20天以上的。',
    );
    expect(second?.headingPath).toEqual(['休假条例', '第一章 总则']);
  });

  test('articles are numbered in plain text and PDF too, where a chapter is only a line', () => {
    const text = documentOf(
      [paragraph('第一章 总则\n第一条 甲。\n第二条 乙，依照本法\n第十条的规定办理。')],
      {
        format: 'text',
      },
    );
    expect(chunk(text).map(({ article, headingPath }) => [article, headingPath])).toEqual([
      ['第一条', ['第一章 总则']],
      ['第二条', ['第一章 总则']],
    ]);
  });

  test('an article over the limit is cut at its paragraphs, and each piece keeps the number', () => {
    const long = documentOf([
      paragraph('第五条 开头。'),
      ...['甲', '乙', '丙'].map((sign) => paragraph(`${sign.repeat(40)}。`)),
    ]);
    const pieces = chunk(long);
    expect(pieces.length).toBeGreaterThan(1);
    expect(new Set(pieces.map(({ article }) => article))).toEqual(new Set(['第五条']));
  });
});

describe('manuals', () => {
  test('numbered sections open chunks of their own, marked as headings or not', () => {
    const manual = documentOf([
      heading('3 密码', 1),
      heading('3.1 长度', 2),
      paragraph('至少十二位。'),
      paragraph('3.2 密码每九十天更换一次，旧密码不得重复使用。'),
      paragraph('一、适用范围'),
      paragraph('本节适用于全体员工。'),
    ]);
    expect(
      chunk(manual).map(({ article, headingPath, text }) => [article, headingPath.at(-1), text]),
    ).toEqual([
      ['3.1', '3.1 长度', '至少十二位。'],
      ['3.2', '3.1 长度', '3.2 密码每九十天更换一次，旧密码不得重复使用。'],
      [null, '一、适用范围', '本节适用于全体员工。'],
    ]);
  });

  test('a list stays with the sentence that introduces it', () => {
    const filler = paragraph('这是一段用来占地方的说明文字，它和清单没有任何关系，只是把前面填满而已。');
    const list = [paragraph('申请时应当提交下列材料：'), item('身份证'), item('申请表')];
    const chunks = chunk(documentOf([filler, ...list]), 50, 0);
    expect(chunks.at(-1)?.text).toBe('申请时应当提交下列材料：\n身份证\n申请表');
  });

  test('table rows are grouped up to the limit and never cut when they fit', () => {
    const rows = Array.from(
      { length: 12 },
      (_, row): Block => ({ kind: 'table-row', text: `城市: 城${row}；标准: ${row}00元` }),
    );
    const chunks = chunk(documentOf(rows), 60, 0);
    expect(chunks.length).toBeGreaterThan(1);
    for (const { text } of chunks)
      for (const line of text.split('\n')) expect(line).toMatch(/^城市: 城\d+；标准: \d+00元$/);
  });

  test('slides and sheets do not run into one another', () => {
    const slides = documentOf(
      [1, 2].map((page) => ({ kind: 'paragraph', text: `第${page}页的内容`, page })),
      { format: 'pptx' },
    );
    expect(chunk(slides).map(({ page }) => page)).toEqual([1, 2]);
  });
});

describe('plain text', () => {
  test('a long paragraph is cut at sentence ends, and each piece repeats a little of the one before', () => {
    const sentences = Array.from({ length: 12 }, (_, number) => `这是第${number}个句子。`);
    const chunks = chunk(documentOf([paragraph(sentences.join(''))]), 40, 12);
    expect(chunks.length).toBeGreaterThan(2);
    for (const [position, { text, start, tokens }] of chunks.entries()) {
      expect(text.endsWith('。')).toBe(true);
      expect(tokens).toBeLessThanOrEqual(40);
      expect(start).toBeLessThan(chunks[position - 1]?.end ?? Infinity);
    }
  });

  test('a heading without text is a chunk of its own, so that it can be found', () => {
    const chunks = chunk(documentOf([heading('甲', 1), heading('乙', 1), paragraph('正文')]));
    expect(chunks.map(({ text }) => text)).toEqual(['甲', '正文']);
  });

  test('an empty document has no chunks', () => {
    expect(chunk(documentOf([]))).toEqual([]);
    expect(chunk(documentOf([paragraph(' \n ')]))).toEqual([]);
  });
});

describe('whatever the document looks like', () => {
  const random = randomFrom(20_261_121);
  const documents = Array.from({ length: 150 }, () => randomDocument(random));

  test('chunk texts are slices of the full text, within the limit, with ids in order', () => {
    for (const document of documents) {
      const text = fullText(document);
      for (const [position, piece] of chunk(document).entries()) {
        expect(text.slice(piece.start, piece.end)).toBe(piece.text);
        expect(piece.tokens).toBeLessThanOrEqual(60);
        expect(piece.id).toBe(`doc#${position}`);
        expect(piece.text.trim()).not.toBe('');
      }
    }
  });

  test('nothing is left out: all text is in a chunk, all headings are in a chunk or above one', () => {
    for (const document of documents) {
      const chunks = chunk(document);
      const covered = new Set<number>();
      for (const { start, end } of chunks) for (let at = start; at < end; at += 1) covered.add(at);
      const headings = new Set(chunks.flatMap(({ headingPath }) => headingPath));
      const leftOut = linesOf(document).filter(
        ({ text, start }) =>
          !headings.has(text.replaceAll(/\s+/g, ' ')) &&
          Array.from(text, (_, at) => start + at).some((at) => !covered.has(at)),
      );
      expect(leftOut).toEqual([]);
    }
  });

  test('the same document gives the same chunks', () => {
    for (const document of documents) expect(chunk(structuredClone(document))).toEqual(chunk(document));
  });

  test('the default limits hold whole articles of ordinary length', () => {
    const article = `第八条 ${'用人单位应当按照规定办理。'.repeat(25)}`;
    expect(chunkDocument('doc', documentOf([paragraph(article)]), DEFAULT_CHUNK_OPTIONS)).toHaveLength(1);
  });

  test('a document may make as many chunks as are allowed, and not one more', () => {
    const sections = (count: number) =>
      documentOf(
        Array.from({ length: count }, (_, at): Block[] => [
          { kind: 'heading', text: `第${at}节`, level: 1 },
          paragraph('交接。'),
        ]).flat(),
      );
    expect(chunkDocument('doc', sections(3), DEFAULT_CHUNK_OPTIONS, 3)).toHaveLength(3);
    expect(() => chunkDocument('doc', sections(4), DEFAULT_CHUNK_OPTIONS, 3)).toThrow(
      expect.objectContaining({ code: 'too_many_chunks', kind: 'invalid' }),
    );
  });
});

/** The lines of a document without the space around them, with their place in the full text. */
function linesOf(document: ExtractedDocument): { text: string; start: number }[] {
  const lines: { text: string; start: number }[] = [];
  let at = 0;
  for (const line of fullText(document).split('\n')) {
    const text = line.trim();
    if (text !== '') lines.push({ text, start: at + line.indexOf(text) });
    at += line.length + 1;
  }
  return lines;
}

function randomDocument(random: () => number): ExtractedDocument {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  const openings = [
    '',
    '',
    '第三条 ',
    '第十二条　',
    '（一）',
    '1.2 ',
    '二、',
    '- ',
    '第二章 ',
    '(a) ',
    '3) ',
    '①',
  ];
  const sentences = [
    '用人单位应当支付工资。',
    'Use a VPN. ',
    '不得超过30日；',
    '😀𠮷野家',
    '如下：',
    'x'.repeat(90),
    '\n',
    '  ',
    '甲，乙、丙',
  ];
  const text = () =>
    pick(openings) + Array.from({ length: Math.floor(random() * 9) }, () => pick(sentences)).join('');
  const kinds = ['heading', 'paragraph', 'paragraph', 'list-item', 'table-row', 'code'] as const;
  const blocks = Array.from({ length: Math.floor(random() * 14) }, (): Block => {
    const kind = pick(kinds);
    // Headings come from the parsers on one line.
    if (kind === 'heading')
      return {
        kind,
        text: `${pick(openings)}标题${Math.floor(random() * 20)}`,
        level: 1 + Math.floor(random() * 4),
      };
    return { kind, text: text(), ...(random() < 0.3 ? { page: Math.floor(random() * 5) } : {}) };
  });
  return documentOf(blocks, {
    format: pick(['markdown', 'text', 'pptx', 'xlsx']),
    title: pick([null, '手册']),
  });
}

/** Repeatable pseudo-random numbers from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
