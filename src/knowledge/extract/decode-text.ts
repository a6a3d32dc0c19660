import iconv from 'iconv-lite';

const utf8 = new TextDecoder('utf-8', { fatal: true });
// oxlint-disable-next-line no-control-regex
const binaryControls = /[\u0000-\u0008\u000E-\u001A\u001C-\u001F]/gu;
const sampleLength = 200_000;

/**
 * Decodes text of unknown encoding: a byte order mark, then UTF-8, then the encoding that the content declares,
 * then UTF-16 without a mark, then GB18030 (which contains GBK and GB2312). Null when the bytes are not text.
 */
export function decodeText(bytes: Buffer, declared: string | null = null): string | null {
  const marked = decodeMarked(bytes);
  if (marked !== null) return looksLikeText(marked) ? marked : null;
  if (!bytes.includes(0)) {
    const text = decodeUtf8(bytes) ?? decodeDeclared(bytes, declared) ?? decodeGb18030(bytes);
    return text !== null && looksLikeText(text) ? text : null;
  }
  return decodeUnmarkedUtf16(bytes);
}

function decodeMarked(bytes: Buffer): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return decodeUtf8(bytes) ?? bytes.toString('utf8').slice(1);
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return iconv.decode(bytes, 'utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return iconv.decode(bytes, 'utf-16be');
  return null;
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeCutUtf8(bytes);
  }
}

/** A file cut in the middle of its last character is still UTF-8. */
function decodeCutUtf8(bytes: Buffer): string | null {
  for (let cut = 1; cut <= 3; cut++) {
    try {
      return utf8.decode(bytes.subarray(0, Math.max(0, bytes.length - cut)));
    } catch {
      // One byte less may end on a whole character.
    }
  }
  return null;
}

function decodeDeclared(bytes: Buffer, declared: string | null): string | null {
  if (declared === null || /^utf-?(8|16)/iu.test(declared) || !iconv.encodingExists(declared)) return null;
  // Pages that declare GB2312 or GBK use characters of its superset.
  return iconv.decode(bytes, /^gb/iu.test(declared) ? 'gb18030' : declared);
}

function decodeGb18030(bytes: Buffer): string | null {
  const text = iconv.decode(bytes, 'gb18030');
  const sample = text.slice(0, sampleLength);
  const broken = sample.match(/\uFFFD|[\uE000-\uF8FF]/gu)?.length ?? 0;
  if (broken > 2 + sample.length * 0.002) return decodeWindows1252(bytes);
  // Western accents pair up into rare characters; Chinese text consists mostly of common ones.
  const wide = sample.match(/[^\u0000-\u007F]/gu)?.length ?? 0; // oxlint-disable-line no-control-regex
  const common = commonWideCount(bytes.subarray(0, sampleLength));
  return common >= wide * 0.6 ? text : decodeWindows1252(bytes);
}

/** Two-byte characters in GB2312's symbols and its first level, where 3,755 common characters live. */
function commonWideCount(bytes: Buffer): number {
  let count = 0;
  for (let index = 0; index < bytes.length; index++) {
    const lead = bytes[index] ?? 0;
    if (lead < 0x81) continue;
    const trail = bytes[index + 1] ?? 0;
    index++;
    if (trail >= 0xa1 && ((lead >= 0xa1 && lead <= 0xa9) || (lead >= 0xb0 && lead <= 0xd7))) count++;
  }
  return count;
}

function decodeWindows1252(bytes: Buffer): string | null {
  const text = iconv.decode(bytes, 'windows-1252');
  const letters = text.slice(0, sampleLength).match(/[\p{L}\p{Zs}\n.,;:]/gu)?.length ?? 0;
  return letters > Math.min(text.length, sampleLength) * 0.7 ? text : null;
}

/** Notepad and database exports write UTF-16 without a mark; ASCII line feeds and blanks give it away. */
function decodeUnmarkedUtf16(bytes: Buffer): string | null {
  if (bytes.length % 2 !== 0) return null;
  for (const encoding of ['utf-16le', 'utf-16be']) {
    const text = iconv.decode(bytes, encoding);
    const sample = text.slice(0, sampleLength);
    const usual = sample.match(/[\n\u0020-\u007E\u3000-\u303F\u4E00-\u9FFF\uFF00-\uFFEF]/gu)?.length ?? 0;
    const punctuated = /[\n ，。、]/u.test(sample);
    if (punctuated && usual > sample.length * 0.95 && looksLikeText(text)) return text;
  }
  return null;
}

function looksLikeText(text: string): boolean {
  const sample = text.slice(0, sampleLength);
  const controls = sample.match(binaryControls)?.length ?? 0;
  return controls <= sample.length * 0.001;
}
