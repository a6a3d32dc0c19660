/** Rows as JSON lines, cut into pieces where the rows themselves say so. */
import { createHash } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import type { ObjectReference, TableContents } from '../ports.ts';

export type Row = Record<string, string | number | null>;
export interface Piece {
  object: ObjectReference;
  content: Buffer;
  rows: number;
}

/** About so long is a piece; whoever changes it makes the next snapshot write every table anew. */
const PIECE_BYTES = 1024 * 1024;
/** A piece that no row has ended is ended here, so that memory has a bound. */
const MOST_PIECE_BYTES = 8 * PIECE_BYTES;

/**
 * A row ends its piece with a chance that grows with its length and that only its own key decides: inserting, changing
 * or deleting a row changes its piece and no other, wherever in the table it stands. The first line names the columns.
 */
export async function* cutIntoPieces(
  rows: AsyncIterable<Row>,
  key: readonly string[],
): AsyncGenerator<Piece> {
  let header: string | null = null;
  let columns: string[] = [];
  let lines: string[] = [];
  let characters = 0;
  const finish = (): Piece => {
    const content = Buffer.from(`${header}\n${lines.join('\n')}\n`);
    const piece = { object: referenceTo(content), content, rows: lines.length };
    lines = [];
    characters = 0;
    return piece;
  };
  for await (const row of rows) {
    if (header === null) {
      columns = Object.keys(row);
      header = JSON.stringify(columns);
    }
    const line = JSON.stringify(columns.map((column) => row[column]));
    lines.push(line);
    characters += line.length + 1;
    if (endsPiece(row, key, line.length) || characters >= MOST_PIECE_BYTES) yield finish();
  }
  if (lines.length > 0) yield finish();
}

/** All pieces of a table, each given to `take`. */
export async function takeTable(
  table: { name: string; key: readonly string[] },
  rows: AsyncIterable<Row>,
  take: (piece: Piece) => Promise<void>,
): Promise<TableContents> {
  const contents: TableContents = { name: table.name, rows: 0, pieces: [] };
  for await (const piece of cutIntoPieces(rows, table.key)) {
    await take(piece);
    contents.rows += piece.rows;
    contents.pieces.push(piece.object);
  }
  return contents;
}

/** @throws BudaoError snapshot_damaged for what no maker of snapshots writes */
export function readPiece(content: Buffer): Row[] {
  const lines = content.toString('utf8').split('\n');
  if (lines.pop() !== '') throw damaged();
  try {
    const columns = JSON.parse(lines.shift() ?? '') as string[];
    return lines.map((line) => {
      const values = JSON.parse(line) as Row[string][];
      if (values.length !== columns.length) throw damaged();
      return Object.fromEntries(columns.map((column, position) => [column, values[position] ?? null]));
    });
  } catch (error) {
    throw error instanceof BudaoError ? error : damaged(error);
  }
}

export function referenceTo(content: Buffer): ObjectReference {
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}

function damaged(cause?: unknown): BudaoError {
  return new BudaoError(
    'conflict',
    'snapshot_damaged',
    'A piece of a table is not what snapshots are made of. Restore another snapshot, or from another repository.',
    { cause },
  );
}

function endsPiece(row: Row, key: readonly string[], length: number): boolean {
  let hash = 0x811c9dc5;
  for (const column of key) {
    const text = String(row[column]);
    for (let index = 0; index < text.length; index++)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  // FNV alone leaves the last characters in the low bits: ids of one moment differ there only.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32 < length / PIECE_BYTES;
}
