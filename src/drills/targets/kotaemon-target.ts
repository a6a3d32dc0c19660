/**
 * Kotaemon, which is a Gradio application without an API of its own: it is asked as Gradio's clients ask, over
 * `call/NAME`. Which function answers, and what it wants to be given, differs between its versions and set-ups, so that
 * the operator says it.
 */
import { TargetError } from './http-client.ts';
import { PartialTarget } from './partial-target.ts';
import type { AskOptions, FollowedAnswer } from './target.ts';
import { followText, parseOr } from './text-stream.ts';

const QUESTION = '{question}';

interface Config {
  api_prefix?: string;
  dependencies?: unknown[];
}

export class KotaemonTarget extends PartialTarget {
  readonly probes = ['sign-in', 'ask', 'stream'] as const;
  readonly writes = [] as const;

  /** The page's own description: without it no browser gets as far as a question. */
  async signIn(signal: AbortSignal): Promise<void> {
    await this.#config(signal);
  }

  async ask(question: string, { signal, watcher }: AskOptions): Promise<FollowedAnswer> {
    const { gradio } = this.settings;
    if (gradio == null)
      throw new TargetError('say which function of the Gradio application answers: target.gradio', 400);
    const { api_prefix: prefix = '' } = await this.#config(signal);
    const path = `${prefix.replace(/\/+$/, '')}/call/${encodeURIComponent(gradio.function)}`;
    const body = { data: gradio.data.map((value) => filled(value, question)) };
    const { event_id: id } = await this.client.json<{ event_id: string }>(path, {
      method: 'POST',
      body,
      signal,
    });
    let shown = '';
    return followText(this.client, {
      path: `${path}/${id}`,
      request: { signal, isRepeatable: false },
      watcher,
      acknowledgedAs: null,
      // What has been written so far comes whole each time; null is a heartbeat, or an error if nothing follows.
      read(payload) {
        const data = parseOr<unknown>(payload, null);
        if (!Array.isArray(data)) return {};
        const text = lastText(data) ?? '';
        const piece = text.startsWith(shown) ? text.slice(shown.length) : text;
        shown = text;
        return { text: piece };
      },
      mayJustClose: true,
    });
  }

  async #config(signal: AbortSignal): Promise<Config> {
    const config = await this.client.json<Config>('/config', { signal });
    if (!Array.isArray(config.dependencies))
      throw new TargetError('/config is not that of a Gradio application', 500);
    return config;
  }
}

function filled(value: unknown, question: string): unknown {
  if (typeof value === 'string') return value.replaceAll(QUESTION, question);
  return Array.isArray(value) ? value.map((part) => filled(part, question)) : value;
}

/** Of a conversation as Gradio shows it, pairs of question and answer: the last answer. */
function lastText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    for (const part of value.toReversed()) {
      const text = lastText(part);
      if (text !== null) return text;
    }
  }
  if (typeof value === 'object' && value !== null && 'content' in value) return lastText(value.content);
  return null;
}
