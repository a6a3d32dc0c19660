import iconv from 'iconv-lite';
import { SaxesParser } from 'saxes';
import { BudaoError } from '../../contract/errors.ts';
import { maxMarkupDepth } from './limits.ts';
import { corruptDocument } from './refusals.ts';
import type { ZipArchive } from './zip-archive.ts';

export interface XmlElement {
  /** Without prefix: formats differ in prefixes and in strict or transitional namespaces, not in local names. */
  name: string;
  /** Attribute by its name without prefix. */
  attribute(name: string): string | undefined;
  /** As `attribute`, but only one with a prefix: `<sldId id="256" r:id="rId2"/>` has both. */
  prefixed(name: string): string | undefined;
}

export interface XmlHandlers {
  open?(element: XmlElement): void;
  close?(name: string): void;
  text?(text: string): void;
}

/**
 * Reads an XML member as a stream of events. Entities of a document type are never resolved, let alone fetched,
 * and nesting is limited. Returns false if there is no such member.
 * @throws BudaoError corrupt_document
 */
export async function readXml(archive: ZipArchive, member: string, handlers: XmlHandlers): Promise<boolean> {
  if (!archive.has(member)) return false;
  const parser = createParser(member, handlers);
  let decoder: ReturnType<typeof iconv.getDecoder> | null = null;
  try {
    for await (const chunk of archive.chunks(member)) {
      decoder ??= iconv.getDecoder(encodingOf(chunk));
      parser.write(decoder.write(chunk));
    }
    parser.write(decoder?.end() ?? '').close();
  } catch (error) {
    if (error instanceof BudaoError) throw error;
    throw corruptDocument(`its part ${member} is not well-formed XML`, error);
  }
  return true;
}

function createParser(member: string, handlers: XmlHandlers): SaxesParser {
  const parser = new SaxesParser({ xmlns: false, position: false });
  let depth = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', (doctype) => {
    if (/<!ENTITY/iu.test(doctype)) throw corruptDocument(`its part ${member} declares XML entities`);
  });
  parser.on('opentag', (tag) => {
    if (++depth > maxMarkupDepth) throw corruptDocument(`its part ${member} is nested too deeply`);
    const attributes = tag.attributes as Record<string, string>;
    handlers.open?.({
      name: localName(tag.name),
      attribute: (name) => attributes[name] ?? prefixedAttribute(attributes, name),
      prefixed: (name) => prefixedAttribute(attributes, name),
    });
  });
  parser.on('closetag', (tag) => {
    depth--;
    handlers.close?.(localName(tag.name));
  });
  const { text } = handlers;
  if (text !== undefined) {
    parser.on('text', (value) => text(value));
    parser.on('cdata', (value) => text(value));
  }
  return parser;
}

function prefixedAttribute(attributes: Record<string, string>, name: string): string | undefined {
  for (const key in attributes) if (key.endsWith(`:${name}`)) return attributes[key];
  return undefined;
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}

function encodingOf(start: Buffer): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  if (start[0] === 0x3c && start[1] === 0) return 'utf-16le';
  const declared = /^<\?xml[^>]*encoding=["']([\w-]+)["']/u.exec(start.toString('latin1', 0, 200))?.[1];
  const usable = declared !== undefined && !/^utf-?16/iu.test(declared) && iconv.encodingExists(declared);
  return usable ? declared : 'utf-8';
}
