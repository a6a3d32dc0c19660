/** The yardstick: BM25 over character pairs of fixed 500-character pieces, with nothing else to help it. */

const PIECE_CHARACTERS = 500;
const K1 = 1.2;
const B = 0.75;

export interface Piece {
  document: string;
  text: string;
  /** Where the piece starts in its file. */
  start: number;
}

export class BaselineIndex {
  readonly #pieces: Piece[] = [];
  readonly #lengths: number[] = [];
  readonly #postings = new Map<string, Map<number, number>>();
  #totalLength = 0;

  add(document: string, text: string): void {
    for (let start = 0; start < text.length; start += PIECE_CHARACTERS) {
      const piece = { document, text: text.slice(start, start + PIECE_CHARACTERS), start };
      const slot = this.#pieces.push(piece) - 1;
      const pairs = pairsOf(piece.text);
      this.#lengths.push(pairs.length);
      this.#totalLength += pairs.length;
      for (const pair of pairs) {
        const posting = this.#postings.get(pair) ?? new Map<number, number>();
        posting.set(slot, (posting.get(slot) ?? 0) + 1);
        this.#postings.set(pair, posting);
      }
    }
  }

  search(query: string, limit: number): Piece[] {
    const count = this.#pieces.length;
    const averageLength = this.#totalLength / Math.max(1, count);
    const scores = new Map<number, number>();
    for (const pair of new Set(pairsOf(query))) {
      const posting = this.#postings.get(pair);
      if (posting === undefined) continue;
      const rarity = Math.log(1 + (count - posting.size + 0.5) / (posting.size + 0.5));
      for (const [slot, frequency] of posting) {
        const norm = K1 * (1 - B + (B * (this.#lengths[slot] as number)) / averageLength);
        scores.set(slot, (scores.get(slot) ?? 0) + (rarity * frequency * (K1 + 1)) / (frequency + norm));
      }
    }
    return [...scores]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, limit)
      .map(([slot]) => this.#pieces[slot] as Piece);
  }
}

function pairsOf(text: string): string[] {
  const characters = [...text.toLowerCase().replaceAll(/\s+/gu, '')];
  return characters.slice(1).map((character, index) => (characters[index] as string) + character);
}
