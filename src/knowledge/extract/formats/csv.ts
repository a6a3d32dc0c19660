import { cleanText } from '../block-collector.ts';
import { maxTableColumns } from '../limits.ts';
import type { Parsed, TextContext } from '../parse-context.ts';
import { tooLarge } from '../refusals.ts';
import { looksLikeHeader, rowText } from '../table-rows.ts';

const delimiters = [',', '\t', ';', '|', '，'];
const sampleLength = 64 * 1024;

/** Records after RFC 4180, each a row of `header: value`. */
export async function parseCsv({ text, out }: TextContext): Promise<Parsed> {
  const hint = /^sep=(.)\r?\n/iu.exec(text);
  const content = hint === null ? text : text.slice(hint[0].length);
  const delimiter = hint?.[1] ?? detectDelimiter(content);
  let headers: string[] | null = null;
  let unclosed = false;
  const records = readRecords(content, delimiter, () => {
    unclosed = true;
  });
  for (const record of records) {
    const cells = record.map((cell) => cleanText(cell).replaceAll('\n', ' '));
    if (cells.every((cell) => cell === '')) continue;
    if (headers === null) {
      headers = looksLikeHeader(cells) ? cells : [];
      if (headers.length > 0) continue;
    }
    out.add(
      'table-row',
      rowText(
        cells.map((text) => ({ text })),
        headers,
      ),
    );
  }
  if (out.blocks.length === 0 && headers !== null) out.add('table-row', headers.join('；'));
  if (unclosed)
    out.warn(
      'quotation_unclosed',
      'A quotation mark is never closed; the rest of the file was read as one value.',
    );
  return { title: null, pages: null };
}

/** The separator that divides the first records into the most even columns. */
export function detectDelimiter(text: string): string {
  const sample = text.slice(0, sampleLength);
  let best = ',';
  let bestScore = 0;
  for (const delimiter of delimiters) {
    const counts: number[] = [];
    for (const record of readRecords(sample, delimiter)) {
      if (counts.push(record.length) >= 50) break;
    }
    const usual = mostFrequent(counts);
    const even = counts.filter((count) => count === usual).length / Math.max(1, counts.length);
    const score = usual < 2 ? 0 : even * 100 + Math.min(usual, 50);
    if (score > bestScore) [best, bestScore] = [delimiter, score];
  }
  return best;
}

function mostFrequent(counts: readonly number[]): number {
  const seen = new Map<number, number>();
  for (const count of counts) seen.set(count, (seen.get(count) ?? 0) + 1);
  return [...seen].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

function* readRecords(text: string, delimiter: string, onUnclosed?: () => void): Generator<string[]> {
  let record: string[] = [];
  let position = 0;
  while (position < text.length) {
    const field =
      text[position] === '"' ? quotedField(text, position) : plainField(text, position, delimiter);
    if (field.unclosed) onUnclosed?.();
    if (record.length >= maxTableColumns) throw tooLarge(`A row has more than ${maxTableColumns} columns.`);
    position = field.end;
    if (text[position] !== delimiter && text[position] !== undefined && !isLineEnd(text[position])) {
      // Text after a closing quote belongs to the value.
      const rest = plainField(text, position, delimiter);
      field.value += rest.value;
      position = rest.end;
    }
    record.push(field.value);
    if (text[position] === delimiter) {
      position++;
      if (position < text.length) continue;
      record.push('');
    }
    yield record;
    record = [];
    if (text[position] === '\r' && text[position + 1] === '\n') position++;
    position++;
  }
}

interface Field {
  value: string;
  end: number;
  unclosed?: boolean;
}

function plainField(text: string, start: number, delimiter: string): Field {
  let end = start;
  while (end < text.length && text[end] !== delimiter && !isLineEnd(text[end])) end++;
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number): Field {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return { value: value + text.slice(from), end: text.length, unclosed: true };
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}

function isLineEnd(character: string | undefined): boolean {
  return character === '\n' || character === '\r';
}
