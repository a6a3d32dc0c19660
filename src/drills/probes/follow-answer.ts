import { createHash } from 'node:crypto';
import type { DrillClock } from '../log/clock.ts';
import type { DrillEvent, DrillEventOf } from '../log/record.ts';
import { describe, TargetError } from '../targets/http-client.ts';
import type { DrillTarget, FollowedAnswer } from '../targets/target.ts';

/** Arrivals are told together. */
const FLUSH_MS = 250;

export interface FollowParts {
  target: DrillTarget;
  question: string;
  key: string;
  probe: string;
  /** Answered with the end of the stream, else with its first text. */
  isWholeStream: boolean;
  timeoutMs: number;
  /** An answer is followed for so long, even when its probe has long been answered or given up. */
  followMs: number;
  expected: string | null;
  clock: DrillClock;
  add: (event: DrillEvent, atMs?: number) => void;
  answered: (answer: {
    outcome: DrillEventOf<'probe.answered'>['outcome'];
    mode?: string | null;
    error?: string;
  }) => void;
  onUnknown: (key: string, sha256: string, sentMs: number, error: string) => void;
}

/** One question and its answer, followed token by token to its end. */
export async function followAnswer(parts: FollowParts): Promise<void> {
  const { target, question, key, probe, clock, add, isWholeStream, timeoutMs } = parts;
  const sentMs = clock.nowMs();
  const arrivals = new Arrivals(probe, add);
  let [acknowledged, isAnswered] = ['', false];
  const answer: FollowParts['answered'] = (given) => {
    if (isAnswered) return;
    isAnswered = true;
    clearTimeout(timer);
    parts.answered(given);
  };
  const timer = setTimeout(() => answer({ outcome: 'timeout', error: 'no text in time' }), timeoutMs);
  try {
    const followed = await target.ask(question, {
      key,
      signal: AbortSignal.timeout(parts.followMs),
      watcher: {
        onAcknowledged(id) {
          acknowledged = id;
          if (target.writes.includes('message'))
            add({ type: 'write.acknowledged', kind: 'message', id, sentMs, sha256: hashOf(question) });
        },
        onPiece({ sequence, text }) {
          arrivals.add(clock.nowMs(), sequence, text.length);
          if (!isWholeStream) answer({ outcome: 'ok' });
        },
      },
    });
    arrivals.flush();
    end(parts, followed, { acknowledged, tokens: arrivals.count, sentMs, answer });
  } catch (error) {
    arrivals.flush();
    const status = error instanceof TargetError ? error.status : null;
    const isKept = target.writes.includes('message');
    if (isKept && acknowledged === '' && (status === null || status >= 500))
      parts.onUnknown(key, hashOf(question), sentMs, describe(error));
    answer({ outcome: clock.nowMs() - sentMs >= timeoutMs ? 'timeout' : 'failed', error: describe(error) });
  } finally {
    clearTimeout(timer);
  }
}

function end(
  { probe, expected, add, target }: FollowParts,
  followed: FollowedAnswer,
  seen: { acknowledged: string; tokens: number; sentMs: number; answer: FollowParts['answered'] },
): void {
  const { status, connections, duplicated, cut, text, mode } = followed;
  const isExpected = expected === null || status !== 'completed' ? null : text === expected;
  const isWhole = isExpected === false ? false : (followed.isWhole ?? isExpected);
  const textSha256 = hashOf(text);
  const { tokens, acknowledged, sentMs } = seen;
  add({ type: 'stream.ended', probe, status, connections, tokens, duplicated, cut, textSha256, isWhole });
  const isGood = status === 'completed' && isWhole !== false;
  if (status === 'completed' && acknowledged !== '' && target.writes.includes('message'))
    add({
      type: 'write.acknowledged',
      kind: 'message',
      id: `${acknowledged}/answer`,
      sentMs,
      sha256: textSha256,
    });
  if (isGood) seen.answer({ outcome: 'ok', mode });
  else seen.answer({ outcome: status === 'completed' ? 'wrong' : 'failed', error: status, mode });
}

class Arrivals {
  count = 0;
  readonly #probe: string;
  readonly #add: FollowParts['add'];
  #pending: [number, number, number][] = [];

  constructor(probe: string, add: FollowParts['add']) {
    this.#probe = probe;
    this.#add = add;
  }

  add(atMs: number, sequence: number, characters: number): void {
    this.count++;
    this.#pending.push([atMs, sequence, characters]);
    if (atMs - (this.#pending[0]?.[0] ?? atMs) >= FLUSH_MS) this.flush();
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    this.#add({ type: 'stream.tokens', probe: this.#probe, arrivals: this.#pending });
    this.#pending = [];
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
