import { posix } from 'node:path';
import { BlockCollector } from '../block-collector.ts';
import { decodeText } from '../decode-text.ts';
import type { ArchiveContext, Parsed } from '../parse-context.ts';
import { corruptDocument, encryptedDocument } from '../refusals.ts';
import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import { readHtmlBlocks } from './html-blocks.ts';

interface ManifestItem {
  member: string;
  mediaType: string;
  properties: string;
}

interface OpfPackage {
  title: string | null;
  /** Content documents in reading order. */
  chapters: string[];
}

/** Chapters in the order of the spine; each chapter's name is its first heading. */
export async function parseEpub({ archive, out, limits }: ArchiveContext): Promise<Parsed> {
  const opf = await packagePart(archive);
  const { title, chapters } = await readPackage(archive, opf);
  await refuseEncrypted(archive, chapters);
  for (const member of chapters) {
    const bytes = await archive.read(member);
    if (bytes === null) {
      out.warn('chapter_missing', 'A chapter that the book lists is missing from the file.');
      continue;
    }
    addChapter(decodeText(bytes) ?? '', out, limits.maxCharacters);
  }
  return { title, pages: null };
}

function addChapter(html: string, out: BlockCollector, maxCharacters: number): void {
  const chapter = new BlockCollector({ maxCharacters });
  readHtmlBlocks(html, chapter);
  const section = chapter.firstHeading() ?? undefined;
  for (const block of chapter.blocks) out.add(block.kind, block.text, { level: block.level, section });
}

async function packagePart(archive: ZipArchive): Promise<string> {
  let path: string | undefined;
  await readXml(archive, 'META-INF/container.xml', {
    open(element) {
      if (element.name === 'rootfile') path ??= element.attribute('full-path');
    },
  });
  path ??= archive.names.find((name) => name.endsWith('.opf'));
  if (path === undefined || !archive.has(path)) throw corruptDocument('its package file is missing');
  return path;
}

async function readPackage(archive: ZipArchive, opf: string): Promise<OpfPackage> {
  const items = new Map<string, ManifestItem>();
  const spine: string[] = [];
  let title: string | null = null;
  let inTitle = false;
  await readXml(archive, opf, {
    open(element) {
      if (element.name === 'title') inTitle = title === null;
      else if (element.name === 'itemref') spine.push(element.attribute('idref') ?? '');
      else if (element.name === 'item') {
        items.set(element.attribute('id') ?? '', {
          member: memberOf(opf, element.attribute('href') ?? ''),
          mediaType: element.attribute('media-type') ?? '',
          properties: element.attribute('properties') ?? '',
        });
      }
    },
    close(name) {
      if (name === 'title') inTitle = false;
    },
    text(text) {
      if (inTitle) title = ((title ?? '') + text).trim() || null;
    },
  });
  const chapters = spine.flatMap((id) => {
    const item = items.get(id);
    const isText = item !== undefined && /html|xml/iu.test(item.mediaType);
    // The navigation document repeats the headings of the book.
    return isText && !item.properties.split(/\s+/u).includes('nav') ? [item.member] : [];
  });
  return { title, chapters };
}

function memberOf(opf: string, href: string): string {
  const path = href.replace(/#.*$/u, '');
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // A stray percent sign is part of the name.
  }
  return posix.normalize(posix.join(posix.dirname(opf), decoded)).replace(/^\/+/u, '');
}

/** Obfuscated fonts are common and harmless; encrypted chapters are rights management. */
async function refuseEncrypted(archive: ZipArchive, chapters: readonly string[]): Promise<void> {
  const encrypted: string[] = [];
  await readXml(archive, 'META-INF/encryption.xml', {
    open(element) {
      if (element.name !== 'CipherReference') return;
      encrypted.push(memberOf('', element.attribute('URI') ?? ''));
    },
  });
  if (chapters.some((chapter) => encrypted.includes(chapter))) throw encryptedDocument();
}
