import { createHash } from 'node:crypto';
import { createRandom, randomText, splitRandomly } from './random-text.ts';

export interface UpstreamMessage {
  role: string;
  content: string;
  partial?: boolean;
  prefix?: boolean;
}

/** `t1 t2 t3 …`: every token is different, so that a lost or doubled one shows. */
export function numberedTokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index + 1} `);
}

/** Mixed prose, always the same for one prompt and variant. */
export function proseTokens(prompt: string, count: number, variant = 0): string[] {
  const seed = createHash('sha256').update(`${variant}\n${prompt}`).digest().readUInt32LE(0);
  const random = createRandom(seed);
  return splitRandomly(random, randomText(random, count * 8)).slice(0, count);
}

/** The prompt without the assistant's message that is to be continued, and that message's text. */
export function readConversation(messages: readonly UpstreamMessage[]): { prompt: string; prefix: string } {
  const last = messages.at(-1);
  const continued = last?.role === 'assistant' ? last : null;
  const asked = continued === null ? messages : messages.slice(0, -1);
  return {
    prompt: asked.map((message) => `${message.role}: ${message.content}`).join('\n'),
    prefix: continued?.content ?? '',
  };
}

/** The tokens that are left after `prefix`; the first may be the rest of a token. All of them if it does not fit. */
export function tokensAfter(tokens: readonly string[], prefix: string): string[] {
  let at = 0;
  for (const [index, token] of tokens.entries()) {
    if (at >= prefix.length) return tokens.slice(index);
    const rest = prefix.slice(at);
    if (rest.length < token.length && token.startsWith(rest)) {
      return [token.slice(rest.length), ...tokens.slice(index + 1)];
    }
    if (!rest.startsWith(token)) return [...tokens];
    at += token.length;
  }
  return [];
}
