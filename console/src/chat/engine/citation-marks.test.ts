import { describe, expect, it } from 'vitest';
import type { Citation } from '../../api/types.ts';
import { guardMarks, sourcesOf, splitMarks } from './citation-marks.ts';

const isSource = (number: number) => number >= 1 && number <= 3;
const cite = (index: number, chunk: string, end = index + 3): Citation => ({
  type: 'file_citation',
  file_id: 'f',
  filename: 'a.md',
  index,
  start_index: index,
  end_index: end,
  chunk_id: chunk,
});

describe('citation marks', () => {
  it('are found alone, in a row, in a list and in full-width brackets', () => {
    const numbers = splitMarks('甲[1]乙[1][2]丙[2, 3]丁【3】', isSource).flatMap((piece) =>
      piece.kind === 'mark' ? [piece.number] : [],
    );
    expect(numbers).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('leave other brackets as text', () => {
    const text = '国办发[2024]5号，见 [注] 和 [12]';
    expect(splitMarks(text, isSource)).toEqual([{ kind: 'text', text }]);
  });

  it('lose no text between them', () => {
    const pieces = splitMarks('[1]开头，中间[2]，结尾', isSource);
    expect(pieces.map((piece) => (piece.kind === 'text' ? piece.text : `[${piece.number}]`)).join('')).toBe(
      '[1]开头，中间[2]，结尾',
    );
  });

  it('at the start of a line are not swallowed as a link definition', () => {
    expect(guardMarks('[1]: see this\nelse [2]: no')).toBe('[1]\\: see this\nelse [2]: no');
  });
});

describe('sources under an answer', () => {
  it('carry the numbers of their marks, each once, in order', () => {
    const text = 'b[2] a[1] a[1]';
    const sources = sourcesOf(text, [cite(1, 'x#2'), cite(6, 'x#1'), cite(11, 'x#1')]);
    expect(sources.map(({ number, citation }) => [number, citation.chunk_id])).toEqual([
      [1, 'x#1'],
      [2, 'x#2'],
    ]);
  });

  it('are numbered by appearance where the text has no marks', () => {
    const sources = sourcesOf('no marks', [cite(0, 'x#1'), cite(0, 'x#1'), cite(3, 'x#7')]);
    expect(sources.map(({ number, citation }) => [number, citation.chunk_id])).toEqual([
      [1, 'x#1'],
      [2, 'x#7'],
    ]);
  });
});
