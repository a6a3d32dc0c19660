/** Any endpoint that speaks OpenAI's chat completions. It keeps nothing, so that nothing of it can be read back. */
import { PartialTarget } from './partial-target.ts';
import type { AskOptions, FollowedAnswer } from './target.ts';
import { followText, parseOr } from './text-stream.ts';

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  error?: { message?: string };
}

export class OpenAiTarget extends PartialTarget {
  readonly probes = ['sign-in', 'ask', 'stream'] as const;
  readonly writes = [] as const;

  async signIn(signal: AbortSignal): Promise<void> {
    await this.client.json('/v1/models', { signal });
  }

  async ask(question: string, { signal, watcher }: AskOptions): Promise<FollowedAnswer> {
    const body = {
      model: this.settings.model ?? 'default',
      stream: true,
      messages: [{ role: 'user', content: question }],
    };
    return followText(this.client, {
      path: '/v1/chat/completions',
      request: { method: 'POST', body, signal },
      watcher,
      acknowledgedAs: null,
      read: readChunk,
      mayJustClose: false,
    });
  }
}

/** Also of those who speak it under other names. */
export function readChunk(payload: string): { text?: string; isEnd?: boolean; error?: string } {
  if (payload === '[DONE]') return { isEnd: true };
  const { choices = [], error } = parseOr<Chunk>(payload, {});
  if (error !== undefined) return { error: error.message ?? 'error' };
  const [choice] = choices;
  return { text: choice?.delta?.content ?? '', isEnd: choice?.finish_reason != null };
}
