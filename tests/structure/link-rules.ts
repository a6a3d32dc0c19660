import { posix } from 'node:path';
import { lineAt, type SourceFile, type Violation } from './source-tree.ts';

const MARKDOWN_LINK = /!?\[[^\]]*\]\((?<target>[^)\s]+)[^)]*\)/g;
const MENTIONED_GUIDE = /\bdocs\/[\w./-]+\.md\b/g;
const CODE_BLOCK = /^```.*?^```/gms;

/** Links between documents, and guides that messages or comments send people to. `exists` tells of any path. */
export function checkLinks(files: readonly SourceFile[], exists: (path: string) => boolean): Violation[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return files.flatMap((file) => [...checkDocument(file, texts, exists), ...checkMentions(file, exists)]);
}

function checkDocument(
  { path, text }: SourceFile,
  texts: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): Violation[] {
  if (!path.endsWith('.md')) return [];
  const prose = text.replaceAll(CODE_BLOCK, (block) => block.replaceAll(/[^\n]/g, ' '));
  return [...prose.matchAll(MARKDOWN_LINK)].flatMap((match) => {
    const target = match.groups?.target ?? '';
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = decodeURI(target).split('#');
    const destination = file === '' ? path : posix.join(posix.dirname(path), file);
    const line = lineAt(text, match.index);
    if (!exists(destination)) return [{ path, line, message: `there is no ${destination}` }];
    const content = texts.get(destination);
    if (anchor === undefined || content === undefined || anchorsOf(content).has(anchor)) return [];
    return [{ path, line, message: `${destination} has no heading #${anchor}` }];
  });
}

function checkMentions({ path, text }: SourceFile, exists: (path: string) => boolean): Violation[] {
  if (path.startsWith('tests/structure/')) return [];
  return [...text.matchAll(MENTIONED_GUIDE)]
    .filter(([guide]) => !exists(guide))
    .map((match) => ({ path, line: lineAt(text, match.index), message: `there is no ${match[0]}` }));
}

/** As the common viewers make them from headings. */
function anchorsOf(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}
