import { posix } from 'node:path';
import { readXml } from './xml.ts';
import type { ZipArchive } from './zip-archive.ts';

export interface Relationship {
  id: string;
  /** Last part of the type's address: `worksheet`, `notesSlide`, … */
  type: string;
  /** Member name. */
  target: string;
}

/** Relationships of a part in an Office package; none if it has no list of them. */
export async function readRelationships(archive: ZipArchive, part: string): Promise<Relationship[]> {
  const folder = posix.dirname(part);
  const list = posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  const relationships: Relationship[] = [];
  await readXml(archive, part === '' ? '_rels/.rels' : list, {
    open(element) {
      const target = element.attribute('Target');
      if (element.name !== 'Relationship' || target === undefined) return;
      if (element.attribute('TargetMode') === 'External') return;
      relationships.push({
        id: element.attribute('Id') ?? '',
        type: (element.attribute('Type') ?? '').split('/').at(-1) ?? '',
        target: memberName(part === '' ? '' : folder, target),
      });
    },
  });
  return relationships;
}

/** The part that holds the document itself; its usual name where the package does not say. */
export async function mainPart(archive: ZipArchive, usualName: string): Promise<string> {
  const relationships = await readRelationships(archive, '');
  const target = relationships.find((relationship) => relationship.type === 'officeDocument')?.target;
  return target !== undefined && archive.has(target) ? target : usualName;
}

/** The title in the package's core properties, if someone wrote one. */
export async function coreTitle(archive: ZipArchive): Promise<string | null> {
  let inside = false;
  let title = '';
  await readXml(archive, 'docProps/core.xml', {
    open: (element) => {
      inside = element.name === 'title';
    },
    close: () => {
      inside = false;
    },
    text: (text) => {
      if (inside) title += text;
    },
  });
  const text = title.trim();
  return text === '' ||
    /^(?:powerpoint presentation|pptxgenjs presentation|演示文稿\d*|word document|untitled)$/iu.test(text)
    ? null
    : text;
}

export function hasMacros(archive: ZipArchive): boolean {
  return archive.names.some((name) => /(?:^|\/)vbaProject\.bin$/iu.test(name));
}

function memberName(folder: string, target: string): string {
  const path = target.startsWith('/') ? target : posix.join(folder, target);
  return posix.normalize(path).replace(/^\/+/u, '');
}
