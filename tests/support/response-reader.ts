import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf, type StreamEvent } from './response-events.ts';
import type { Service } from './service.ts';

/** What a client that never gives up has seen of one answer. */
export interface SeenAnswer {
  responseId: string;
  text: string;
  status: string;
  /** Connections that it took; 1 means that the first one never broke. */
  connections: number;
  /** Longest time between two pieces of text, in ms. */
  longestSilenceMs: number;
  duplicates: number;
  gaps: number;
}

const RETRY_MS = 50;

/** Asks, follows the stream, and comes back with the last number after every break, as the API documents it. */
export async function askAndFollow(
  service: Service,
  body: Record<string, unknown>,
  options: { idempotencyKey: string; deadlineMs: number; onAcknowledged?: (responseId: string) => void },
): Promise<SeenAnswer> {
  const seen: SeenAnswer = {
    responseId: '',
    text: '',
    status: '',
    connections: 0,
    longestSilenceMs: 0,
    duplicates: 0,
    gaps: 0,
  };
  const state = { last: -1, lastTextMs: 0 };
  const giveUpAt = performance.now() + options.deadlineMs;
  while (seen.status === '') {
    if (performance.now() > giveUpAt)
      throw new Error(`no end of ${seen.responseId} (${seen.text.length} characters so far)`);
    try {
      const response =
        seen.responseId === ''
          ? await service.request(
              'POST',
              '/v1/responses',
              { ...body, stream: true },
              { 'idempotency-key': options.idempotencyKey },
            )
          : await service.request(
              'GET',
              `/v1/responses/${seen.responseId}?stream=true&starting_after=${state.last}`,
            );
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        await sleep(RETRY_MS);
        continue;
      }
      seen.connections++;
      for await (const event of eventsOf(response.body)) record(event, seen, state, options.onAcknowledged);
    } catch (error) {
      if (!isBrokenConnection(error)) throw error;
      await sleep(RETRY_MS);
    }
  }
  return seen;
}

function record(
  event: StreamEvent,
  seen: SeenAnswer,
  state: { last: number; lastTextMs: number },
  onAcknowledged: ((responseId: string) => void) | undefined,
): void {
  // The stream ends here, and goes on after the last event.
  if (event.type === 'error') return;
  if (event.sequence_number <= state.last) {
    seen.duplicates++;
    return;
  }
  if (event.sequence_number !== state.last + 1) seen.gaps++;
  state.last = event.sequence_number;
  if (event.response !== undefined && seen.responseId === '') {
    seen.responseId = event.response.id;
    onAcknowledged?.(event.response.id);
  }
  if (event.type === 'response.output_text.delta') {
    const now = performance.now();
    if (state.lastTextMs > 0) seen.longestSilenceMs = Math.max(seen.longestSilenceMs, now - state.lastTextMs);
    state.lastTextMs = now;
    seen.text += event.delta ?? '';
  }
  if (/^response\.(completed|failed|incomplete)$/.test(event.type))
    seen.status = event.response?.status ?? event.type;
}

function isBrokenConnection(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    (error instanceof Error && /terminated|socket|ECONN|aborted/i.test(error.message))
  );
}
