import { describe, expect, it } from 'vitest';
import { cutIntoPieces, type Piece, type Row, readPiece } from './row-pieces.ts';

const KEY = ['id'];

async function* each(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

function numbered(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `run_${String(index).padStart(6, '0')}`,
    text: `${index} `.repeat(100),
    number: index,
    none: null,
  }));
}

const cut = (rows: readonly Row[]): Promise<Piece[]> => Array.fromAsync(cutIntoPieces(each(rows), KEY));
const names = (pieces: readonly Piece[]): string[] => pieces.map(({ object }) => object.sha256);

describe('a table in pieces', () => {
  it('gives back every row as it was', async () => {
    const rows: Row[] = [
      {
        id: 'a',
        text: 'line\nbreak "quoted" 汉字\u2028',
        real: 0.1,
        big: Number.MAX_SAFE_INTEGER,
        none: null,
      },
      { id: 'b', text: '', real: -1e-9, big: 0, none: null },
    ];
    const pieces = await cut(rows);
    expect(pieces.flatMap(({ content }) => readPiece(content))).toEqual(rows);
  });

  it('has pieces of about a mebibyte', async () => {
    const pieces = await cut(numbered(20_000));
    const bytes = pieces.reduce((sum, { content }) => sum + content.length, 0);
    expect(pieces.length).toBeGreaterThan(bytes / 2 ** 20 / 2);
    expect(pieces.length).toBeLessThan((bytes / 2 ** 20) * 2);
  });

  it('changes one piece where a row is inserted, changed or deleted', async () => {
    const rows = numbered(20_000);
    const before = new Set(names(await cut(rows)));
    const middle = 7_777;
    const changes: Row[][] = [
      rows.toSpliced(middle, 0, { ...rows[middle], id: 'run_007776x', number: 1 }),
      rows.with(middle, { ...rows[middle], number: -1 }),
      rows.toSpliced(middle, 1),
    ];
    for (const changed of changes) {
      const added = names(await cut(changed)).filter((name) => !before.has(name));
      // Two where the row itself is an end.
      expect(added.length).toBeLessThanOrEqual(2);
    }
  });

  it('refuses what is cut short', async () => {
    const [piece] = await cut(numbered(3));
    const content = piece?.content ?? Buffer.alloc(0);
    expect(() => readPiece(content.subarray(0, -1))).toThrow(/piece of a table/);
    expect(() => readPiece(content.subarray(0, -3))).toThrow(/piece of a table/);
  });

  it('of a table without rows has none', async () => {
    expect(await cut([])).toEqual([]);
  });
});
