// What an endpoint understands: how it continues an answer, and which optional fields it takes.

import type { ChatMessage, GenerationRequest } from '../answers/ports.ts';
import { cutPrefix } from './continuation.ts';

export type Continuation = 'vllm' | 'sglang' | 'llamacpp' | 'ollama' | 'partial' | 'prefix' | 'none';

/** How one endpoint has to be asked. Learnt from its refusals and kept as long as the process lives. */
export interface Dialect {
  continuation: Continuation;
  includeUsage: boolean;
  tokenLimitField: 'max_tokens' | 'max_completion_tokens';
  sendTemperature: boolean;
  sendTopP: boolean;
}

const CONTINUATION_FIELDS =
  /continue_final_message|add_generation_prompt|\bpartial\b|\bprefix\b|prefill|assistant/i;
const UNKNOWN_FIELD =
  /unknown|unrecognized|unrecognised|unexpected|unsupported|not (?:permitted|allowed|supported)|extra|additional propert/i;

/** Hosts whose way of continuing is documented. The last column is the path that they want for it. */
const VENDORS: readonly [host: RegExp, continuation: Continuation, path?: string][] = [
  [/(^|\.)dashscope[\w-]*\.aliyuncs\.com$/, 'partial'],
  [/(^|\.)moonshot\.(cn|ai)$/, 'partial'],
  [/(^|\.)deepseek\.com$/, 'prefix', '/beta'],
  [/(^|\.)mistral\.ai$/, 'prefix'],
  [/(^|\.)(openai|anthropic|googleapis)\.com$/, 'none'],
  [/(^|\.)openai\.azure\.com$/, 'none'],
];
const OLLAMA_PORT = '11434';

export function inferContinuation(baseUrl: string): Continuation {
  const url = new URL(baseUrl);
  const vendor = VENDORS.find(([host]) => host.test(url.hostname));
  if (vendor !== undefined) return vendor[1];
  return url.port === OLLAMA_PORT ? 'ollama' : 'vllm';
}

/** Where a continuation is asked for: DeepSeek wants another path. */
export function continuationBaseUrl(baseUrl: string, continuation: Continuation): string {
  const url = new URL(baseUrl);
  const path = VENDORS.find(([host, kind]) => kind === continuation && host.test(url.hostname))?.[2];
  return path === undefined ? baseUrl : `${url.origin}${path}`;
}

export interface ChatBodyOptions {
  model: string;
  extraBody: Record<string, unknown>;
}

export function buildChatBody(
  request: GenerationRequest,
  dialect: Dialect,
  options: ChatBodyOptions,
): object {
  const messages: (ChatMessage & { partial?: true; prefix?: true })[] = [...request.messages];
  const flags: Record<string, unknown> = {};
  const { head } = cutPrefix(request.prefix);
  if (head !== '' && dialect.continuation !== 'none') {
    const field = { partial: { partial: true }, prefix: { prefix: true } } as const;
    const marked = dialect.continuation === 'partial' || dialect.continuation === 'prefix';
    messages.push({
      role: 'assistant',
      content: head,
      ...(marked ? field[dialect.continuation as 'partial' | 'prefix'] : {}),
    });
    if (dialect.continuation === 'vllm') flags.add_generation_prompt = false;
    if (dialect.continuation === 'vllm' || dialect.continuation === 'sglang')
      flags.continue_final_message = true;
  }
  return {
    model: options.model,
    messages,
    stream: true,
    ...(dialect.includeUsage ? { stream_options: { include_usage: true } } : {}),
    [dialect.tokenLimitField]: request.maxOutputTokens,
    ...(request.temperature !== null && dialect.sendTemperature ? { temperature: request.temperature } : {}),
    ...(request.topP !== null && dialect.sendTopP ? { top_p: request.topP } : {}),
    ...flags,
    ...options.extraBody,
  };
}

/**
 * How to ask again after the endpoint refused `message` with 400 or 422, or null when asking differently will not help.
 * `lasting` says whether the endpoint named a field, so that the lesson holds for later requests too.
 */
export function adaptDialect(
  dialect: Dialect,
  message: string,
  continuing: boolean,
): { change: Partial<Dialect>; lasting: boolean } | null {
  const unknownField = UNKNOWN_FIELD.test(message);
  if (dialect.includeUsage && /stream_options|include_usage/i.test(message)) {
    return { change: { includeUsage: false }, lasting: true };
  }
  if (dialect.tokenLimitField === 'max_tokens' && unknownField && /max_(completion_)?tokens/.test(message)) {
    return { change: { tokenLimitField: 'max_completion_tokens' }, lasting: true };
  }
  if (dialect.sendTemperature && unknownField && /temperature/i.test(message)) {
    return { change: { sendTemperature: false }, lasting: true };
  }
  if (dialect.sendTopP && unknownField && /\btop_p\b/i.test(message)) {
    return { change: { sendTopP: false }, lasting: true };
  }
  if (continuing && dialect.continuation !== 'none') {
    const lasting = unknownField && CONTINUATION_FIELDS.test(message);
    return { change: { continuation: 'none' }, lasting };
  }
  if (dialect.includeUsage && unknownField) return { change: { includeUsage: false }, lasting: true };
  return null;
}
