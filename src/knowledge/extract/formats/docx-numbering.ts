import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import { formatNumber } from './docx-number-format.ts';

export interface NumberingReference {
  id: string;
  level: number;
}

interface Level {
  start: number;
  format: string;
  /** `第%1条`, `%1.%2`, a bullet, … */
  text: string;
  /** A later level that shows earlier ones in Arabic digits whatever their own format. */
  legal: boolean;
}

interface Counter {
  levels: Map<number, Level>;
  counts: (number | undefined)[];
}

const deepestLevel = 8;

/** Word's automatic numbers, counted along as paragraphs come in document order. */
export class DocxNumbering {
  readonly #instances: ReadonlyMap<string, Counter>;

  constructor(instances: ReadonlyMap<string, Counter>) {
    this.#instances = instances;
  }

  /** The next label at this level, an empty one for a bullet, or null where nothing is numbered. */
  next(reference: NumberingReference | null): string | null {
    if (reference === null || reference.id === '0') return null;
    const counter = this.#instances.get(reference.id);
    const depth = Math.min(deepestLevel, Math.max(0, reference.level));
    const level = counter?.levels.get(depth);
    if (counter === undefined || level === undefined || level.format === 'none') return null;
    counter.counts.length = Math.min(counter.counts.length, depth + 1);
    counter.counts[depth] = (counter.counts[depth] ?? level.start - 1) + 1;
    if (level.format === 'bullet') return '';
    return label(counter, level);
  }
}

function label(counter: Counter, level: Level): string {
  return level.text.replace(/%([1-9])/gu, (_, digit: string) => {
    const depth = Number(digit) - 1;
    const part = counter.levels.get(depth);
    const value = counter.counts[depth] ?? part?.start ?? 1;
    return formatNumber(value, level.legal ? 'decimal' : (part?.format ?? 'decimal'));
  });
}

/** Instances that share a definition share its counts, unless one overrides a start. */
export async function readNumbering(archive: ZipArchive, part: string): Promise<DocxNumbering> {
  const definitions = new Map<string, Counter>();
  const instances = new Map<string, Counter>();
  let definition: Counter | null = null;
  let level: Level | null = null;
  let instance: { id: string; definition: string; starts: Map<number, number> } | null = null;
  let overridden = 0;
  await readXml(archive, part, {
    open(element) {
      const value = element.attribute('val') ?? '';
      if (element.name === 'abstractNum') {
        definition = { levels: new Map(), counts: [] };
        definitions.set(element.attribute('abstractNumId') ?? '', definition);
      } else if (element.name === 'lvl' && definition !== null) {
        level = { start: 1, format: 'decimal', text: '', legal: false };
        definition.levels.set(Number(element.attribute('ilvl') ?? 0), level);
      } else if (element.name === 'num') {
        instance = { id: element.attribute('numId') ?? '', definition: '', starts: new Map() };
      } else if (instance !== null) {
        if (element.name === 'abstractNumId') instance.definition = value;
        else if (element.name === 'lvlOverride') overridden = Number(element.attribute('ilvl') ?? 0);
        else if (element.name === 'startOverride') instance.starts.set(overridden, Number(value));
      } else if (level !== null) readLevelProperty(level, element.name, value);
    },
    close(name) {
      if (name === 'abstractNum') definition = null;
      else if (name === 'lvl') level = null;
      else if (name === 'num' && instance !== null) {
        const counter = counterOf(definitions.get(instance.definition), instance.starts);
        if (counter !== null) instances.set(instance.id, counter);
        instance = null;
      }
    },
  });
  return new DocxNumbering(instances);
}

function readLevelProperty(level: Level, name: string, value: string): void {
  if (name === 'start') level.start = Number(value) || 0;
  else if (name === 'numFmt') level.format = value;
  else if (name === 'lvlText') level.text = value;
  else if (name === 'isLgl') level.legal = true;
}

function counterOf(definition: Counter | undefined, starts: ReadonlyMap<number, number>): Counter | null {
  if (definition === undefined) return null;
  if (starts.size === 0) return definition;
  const levels = new Map(definition.levels);
  for (const [depth, start] of starts) {
    const level = levels.get(depth);
    if (level !== undefined) levels.set(depth, { ...level, start });
  }
  return { levels, counts: [] };
}
