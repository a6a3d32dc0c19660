import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';

type Meaning = 'number' | 'percent' | 'date' | 'time' | 'date-time';

const dayMs = 86_400_000;
const largestSerial = 2_958_465;

/** Numbers as the cell's format shows them, as far as the meaning depends on it: dates, times and percentages. */
export class NumberFormats {
  readonly #meanings: readonly Meaning[];
  readonly #from1904: boolean;

  constructor(meanings: readonly Meaning[], from1904: boolean) {
    this.#meanings = meanings;
    this.#from1904 = from1904;
  }

  format(raw: string, style: number): string {
    const value = Number(raw);
    if (!Number.isFinite(value)) return raw;
    const meaning = this.#meanings[style] ?? 'number';
    if (meaning === 'number') return plainNumber(value);
    if (meaning === 'percent') return `${plainNumber(value * 100)}%`;
    if (value < 0 || value > largestSerial) return plainNumber(value);
    return this.#dateText(value, meaning);
  }

  #dateText(serial: number, meaning: Meaning): string {
    // Excel counts a 29 February 1900 that never was: serials from 60 on are one too high.
    const days = this.#from1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial;
    const iso = new Date(Math.round((days - 25_569) * dayMs)).toISOString();
    const date = iso.slice(0, 10);
    const time = iso.slice(17, 19) === '00' ? iso.slice(11, 16) : iso.slice(11, 19);
    if (meaning === 'date') return date;
    if (meaning === 'time' && serial < 1) return time;
    return time === '00:00' ? date : `${date} ${time}`;
  }
}

export async function readNumberFormats(
  archive: ZipArchive,
  part: string,
  from1904: boolean,
): Promise<NumberFormats> {
  const custom = new Map<number, string>();
  const cellFormats: number[] = [];
  let inCellFormats = false;
  await readXml(archive, part, {
    open(element) {
      if (element.name === 'numFmt') {
        custom.set(Number(element.attribute('numFmtId')), element.attribute('formatCode') ?? '');
      } else if (element.name === 'cellXfs') inCellFormats = true;
      else if (element.name === 'xf' && inCellFormats) {
        cellFormats.push(Number(element.attribute('numFmtId') ?? 0));
      }
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false;
    },
  });
  const meanings = cellFormats.map((id) => {
    const code = custom.get(id);
    return code === undefined ? builtInMeaning(id) : meaningOf(code);
  });
  return new NumberFormats(meanings, from1904);
}

/** ECMA-376 part 1, 18.8.30; 27 to 58 are dates in East Asian versions. */
function builtInMeaning(id: number): Meaning {
  if (id === 9 || id === 10) return 'percent';
  if (id === 22) return 'date-time';
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 58)) return 'date';
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)) return 'time';
  return 'number';
}

/** Meaning of a format code, from its first section without quoted text, escapes, colours and locales. */
export function meaningOf(code: string): Meaning {
  const bare = code
    .replace(/"[^"]*"|\\.|_.|\*./gu, '')
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/giu, '')
    .split(';')[0];
  if (bare === undefined || /general/iu.test(bare)) return 'number';
  const date =
    /[yd]|(?:^|[^hs:])m+(?!:|\]|s)/iu.test(bare.replace(/am\/pm|a\/p/giu, '')) && /[ymd]/iu.test(bare);
  const time = /h|s|\[m+\]|am\/pm/iu.test(bare);
  if (date && /[yd]/iu.test(bare)) return time ? 'date-time' : 'date';
  if (time) return 'time';
  if (date) return 'date';
  return bare.includes('%') ? 'percent' : 'number';
}

/** Without the noise of binary fractions: 0.1 + 0.2 is 0.3. */
function plainNumber(value: number): string {
  const rounded = Number(value.toPrecision(15));
  const text = String(rounded);
  return text.includes('e') && Math.abs(rounded) >= 1 ? BigInt(Math.round(rounded)).toString() : text;
}
