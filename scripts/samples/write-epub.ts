import { escapeXml, renderBlocks } from './markup.ts';
import { type SourceBlock, splitAtHeadings } from './source-blocks.ts';
import { type ArchiveEntry, zipEntries } from './zip-archive.ts';

const container = `<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>`;

/** EPUB 3: one chapter a second-level heading, in spine order. */
export async function writeEpub(title: string, language: string, blocks: SourceBlock[]): Promise<Buffer> {
  const chapters = splitAtHeadings(blocks, 2).map((chapter, index) => ({
    id: `chapter-${String(index + 1).padStart(2, '0')}`,
    title: chapter[0]?.kind === 'heading' ? chapter[0].text : title,
    body: renderBlocks(chapter),
  }));
  const ids = chapters.map((chapter) => chapter.id);
  const navigation = chapters.map(
    ({ id, title: name }) => `<li><a href="${id}.xhtml">${escapeXml(name)}</a></li>`,
  );
  const entries: ArchiveEntry[] = [
    { path: 'mimetype', content: 'application/epub+zip', stored: true },
    { path: 'META-INF/container.xml', content: container },
    { path: 'OEBPS/content.opf', content: packageDocument(title, language, ids) },
    {
      path: 'OEBPS/nav.xhtml',
      content: page(title, language, `<nav epub:type="toc"><ol>${navigation.join('')}</ol></nav>`),
    },
    ...chapters.map(({ id, title: name, body }) => ({
      path: `OEBPS/${id}.xhtml`,
      content: page(name, language, body),
    })),
  ];
  return zipEntries(entries);
}

function packageDocument(title: string, language: string, chapterIds: string[]): string {
  const items = chapterIds.map(
    (id) => `<item id="${id}" href="${id}.xhtml" media-type="application/xhtml+xml"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:donglan:handbook:records</dc:identifier>
    <dc:title>${escapeXml(title)}</dc:title>
    <dc:language>${language}</dc:language>
    <meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    ${items.join('\n    ')}
  </manifest>
  <spine>${chapterIds.map((id) => `<itemref idref="${id}"/>`).join('')}</spine>
</package>`;
}

function page(title: string, language: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="${language}">
<head><title>${escapeXml(title)}</title></head>
<body>
${body}
</body>
</html>`;
}
