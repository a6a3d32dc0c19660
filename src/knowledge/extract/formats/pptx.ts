import { coreTitle, mainPart, type Relationship, readRelationships } from '../opc-package.ts';
import type { ArchiveContext, Parsed } from '../parse-context.ts';
import { corruptDocument, tooManyPages } from '../refusals.ts';
import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import { readSlideShapes, type SlideShape } from './pptx-shapes.ts';

/** Slides in the order of the presentation: title as heading, then the other texts, tables, diagrams and notes. */
export async function parsePptx({ archive, limits, out }: ArchiveContext): Promise<Parsed> {
  const main = await mainPart(archive, 'ppt/presentation.xml');
  const slides = await slideParts(archive, main);
  if (slides.length > limits.maxPages) throw tooManyPages(slides.length, limits.maxPages, 'slides');
  for (const [index, part] of slides.entries()) {
    const page = index + 1;
    const { shapes, hidden } = await readSlideShapes(archive, part);
    if (hidden) {
      out.warn('slide_hidden', `The hidden slide ${page} was left out.`, { slide: page });
      continue;
    }
    const relationships = await readRelationships(archive, part);
    const shown = [...titlesFirst(shapes), ...(await diagramShapes(archive, relationships))];
    for (const block of shown.flatMap((shape) => shape.blocks)) {
      out.add(block.kind, block.text, { level: 1, page });
    }
    for (const text of await noteTexts(archive, relationships)) out.add('paragraph', text, { page });
  }
  return { title: await coreTitle(archive), pages: slides.length };
}

async function slideParts(archive: ZipArchive, main: string): Promise<string[]> {
  const ids: string[] = [];
  const found = await readXml(archive, main, {
    open(element) {
      if (element.name === 'sldId') ids.push(element.prefixed('id') ?? '');
    },
  });
  if (!found) throw corruptDocument('its presentation part is missing');
  const relationships = await readRelationships(archive, main);
  return ids.flatMap((id) => relationships.find((relationship) => relationship.id === id)?.target ?? []);
}

function titlesFirst(shapes: readonly SlideShape[]): SlideShape[] {
  return [...shapes.filter((shape) => shape.isTitle), ...shapes.filter((shape) => !shape.isTitle)];
}

/** SmartArt keeps its words in a part of its own. */
async function diagramShapes(
  archive: ZipArchive,
  relationships: readonly Relationship[],
): Promise<SlideShape[]> {
  const shapes: SlideShape[] = [];
  for (const { type, target } of relationships) {
    if (type === 'diagramData') shapes.push(...(await readSlideShapes(archive, target)).shapes);
  }
  return shapes;
}

async function noteTexts(archive: ZipArchive, relationships: readonly Relationship[]): Promise<string[]> {
  const part = relationships.find((relationship) => relationship.type === 'notesSlide')?.target;
  if (part === undefined) return [];
  const { shapes } = await readSlideShapes(archive, part);
  return shapes
    .filter((shape) => shape.placeholder === 'body')
    .flatMap((shape) => shape.blocks.map((block) => block.text));
}
