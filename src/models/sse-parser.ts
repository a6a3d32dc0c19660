// Incremental parser of server-sent events over network chunks, after the WHATWG HTML standard, section 9.2.
// Only `data` matters here. Text is decoded up to a line end, so a split UTF-8 sequence is never torn.

const LF = 0x0a;
const CR = 0x0d;
const BOM = '\uFEFF';

export interface SseLimits {
  maxLineBytes: number;
  maxEventBytes: number;
}

export class SseLimitError extends Error {}

export interface SseParser {
  /** Payloads of the events that this chunk completes. @throws SseLimitError */
  push(chunk: Buffer): string[];
  /** What is left at the end of the stream: many servers omit the last blank line. @throws SseLimitError */
  finish(): string[];
}

export function createSseParser(limits: SseLimits): SseParser {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let atStart = true;
  let skipLineFeed = false;
  let dataLines: string | null = null;

  function takeLine(text: string, from: number, to: number, out: string[]): void {
    if (to === from) {
      if (dataLines !== null) out.push(dataLines);
      dataLines = null;
      return;
    }
    if (!text.startsWith('data', from)) return;
    let value: string;
    if (to === from + 4) value = '';
    else if (text.charCodeAt(from + 4) === 0x3a) {
      value = text.slice(text.charCodeAt(from + 5) === 0x20 && to > from + 5 ? from + 6 : from + 5, to);
    } else return;
    dataLines = dataLines === null ? value : `${dataLines}\n${value}`;
    if (dataLines.length > limits.maxEventBytes)
      throw new SseLimitError(`event over ${limits.maxEventBytes} bytes`);
  }

  function takeText(text: string, out: string[]): void {
    let from = 0;
    if (atStart) {
      atStart = false;
      if (text.startsWith(BOM)) from = 1;
    }
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
    for (let to = text.indexOf('\n', from); to !== -1; to = text.indexOf('\n', from)) {
      takeLine(text, from, to, out);
      from = to + 1;
    }
  }

  function keep(rest: Buffer): void {
    if (rest.length === 0) return;
    pendingBytes += rest.length;
    if (pendingBytes > limits.maxLineBytes) throw new SseLimitError(`line over ${limits.maxLineBytes} bytes`);
    pending.push(rest);
  }

  function decode(lines: Buffer): string {
    if (pending.length === 0) return lines.toString('utf8');
    pending.push(lines);
    const text = Buffer.concat(pending).toString('utf8');
    pending = [];
    pendingBytes = 0;
    return text;
  }

  return {
    push(chunk) {
      const out: string[] = [];
      // A CR that ended the last chunk has ended its line; the LF that belongs to it is skipped here.
      let start = 0;
      if (skipLineFeed && chunk.length > 0) {
        skipLineFeed = false;
        if (chunk[0] === LF) start = 1;
      }
      const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
      if (end <= start) {
        keep(chunk.subarray(start));
        return out;
      }
      if (chunk[end - 1] === CR && end === chunk.length) skipLineFeed = true;
      takeText(decode(chunk.subarray(start, end)), out);
      keep(chunk.subarray(end));
      return out;
    },

    finish() {
      const out: string[] = [];
      if (pendingBytes > 0) takeText(`${decode(Buffer.alloc(0))}\n`, out);
      takeLine('', 0, 0, out);
      return out;
    },
  };
}
