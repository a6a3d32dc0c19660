import { Parser } from 'htmlparser2';

// Every pattern begins where no earlier attempt has looked: a hostile line is read in one pass, not in a square of them.

// Private-use characters stand in for escaped punctuation while the markup around it is removed.
const escapeBase = 0xf0000;
const maxKept = 0xfffd;

/** Text of a Markdown line as a reader sees it: no emphasis marks, links by their words, tags and entities resolved. */
export function markdownInline(source: string): string {
  if (!/[\\`*_~[\]<&!]/u.test(source)) return source;
  const kept: string[] = [];
  const keep = (text: string): string => {
    if (kept.length >= maxKept) return text;
    kept.push(text);
    return String.fromCodePoint(escapeBase + kept.length - 1);
  };
  const marked = source
    .replace(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/gu, (_, _ticks: string, code: string) => keep(code.trim()))
    .replace(/\\([!-/:-@[-`{-~])/gu, (_, character: string) => keep(character))
    .replace(/<((?:https?|mailto):[^\s<>]+)>/gu, (_, address: string) => keep(address));
  const text = withoutTags(withoutEmphasis(withoutLinks(marked)));
  return text.replace(
    /[\u{F0000}-\u{FFFFD}]/gu,
    (mark) => kept[(mark.codePointAt(0) ?? 0) - escapeBase] ?? '',
  );
}

function withoutLinks(text: string): string {
  return text
    .replace(/\[\^[^[\]\s]+\]:?/gu, '')
    .replace(/!?\[((?:[^[\]]|\[[^[\]]*\])*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+(?:"[^"]*"|'[^']*'))?\)/gu, '$1')
    .replace(/!?\[([^[\]]+)\]\[[^[\]]*\]/gu, '$1');
}

function withoutEmphasis(text: string): string {
  return text
    .replace(/(\*{1,3})(?=\S)([^*]*?\S)\1/gu, '$2')
    .replace(/(\*{1,3})(?=\S)([^*]*?\S)\1/gu, '$2')
    .replace(/(?<![\p{L}\p{N}])(_{1,3})(?=\S)([^_]*?\S)\1(?![\p{L}\p{N}])/gu, '$2')
    .replace(/~~(?=\S)([^~]*?\S)~~/gu, '$1');
}

/** Only what looks like a tag or an entity goes through the parser: `a < b` is text. */
function withoutTags(text: string): string {
  if (!/<\/?[a-z][^<>]*>|&#?\w+;/iu.test(text)) return text;
  let plain = '';
  const parser = new Parser(
    {
      ontext: (part) => {
        plain += part;
      },
      onopentag: (name) => {
        if (name === 'br') plain += '\n';
      },
    },
    { decodeEntities: true },
  );
  parser.end(text.replace(/<(?!\/?[a-z][^<>]*>)/giu, '&lt;'));
  return plain;
}
