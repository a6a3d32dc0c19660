import { isLast, isText } from './check-streams.ts';
import { grouped, type History, type Violation } from './history.ts';

/** What somebody knew of an answer at a moment. */
interface Look {
  startedMs: number;
  endedMs: number;
  text: string;
  isComplete: boolean;
  isMissing: boolean;
  by: string;
}

/**
 * Whatever anybody read of an answer, on any node, is the beginning of what it was in the end; who looks after somebody
 * has looked does not see less.
 *
 * @param expected what every answer is in the end; null where that is not known
 */
export function checkAnswers(history: History, expected: string | null): Violation[] {
  const looks = grouped([...readLooks(history), ...streamLooks(history)], ([id]) => id);
  return [...looks].flatMap(([id, entries]) =>
    checkAnswer(
      id,
      entries.map(([, look]) => look),
      expected,
    ),
  );
}

function checkAnswer(id: string, looks: readonly Look[], expected: string | null): Violation[] {
  const violations: Violation[] = [];
  const last = expected ?? looks.find((look) => look.isComplete)?.text ?? longest(looks);
  for (const look of looks) {
    const what = `${id} as ${look.by} read it: ${JSON.stringify(look.text.slice(-40))}`;
    if (look.isMissing)
      violations.push({ rule: 'answer lost', detail: `${id} was not there for ${look.by}` });
    else if (!last.startsWith(look.text)) violations.push({ rule: 'answer changed', detail: what });
    else if (look.isComplete && look.text !== last)
      violations.push({ rule: 'answer cut short', detail: what });
  }
  const ended = looks.toSorted((left, right) => left.endedMs - right.endedMs);
  let [next, length, wasComplete] = [0, 0, false];
  for (const look of looks.toSorted((left, right) => left.startedMs - right.startedMs)) {
    for (; (ended[next]?.endedMs ?? Infinity) < look.startedMs; next++) {
      length = Math.max(length, ended[next]?.text.length ?? 0);
      wasComplete ||= ended[next]?.isComplete ?? false;
    }
    const isBack = look.text.length < length || (wasComplete && !look.isComplete);
    if (isBack && !look.isMissing && !look.by.startsWith('stream')) {
      const detail = `${id}: ${look.by} read ${look.text.length} characters after ${length} had been shown`;
      violations.push({ rule: 'read went back', detail });
    }
  }
  return violations;
}

function readLooks(history: History): [string, Look][] {
  return history.of('answer').map(({ responseId, status, text, startedMs, endedMs }, index) => [
    responseId,
    {
      startedMs,
      endedMs,
      text,
      isComplete: status === 'completed',
      isMissing: status === 'missing',
      by: `reader ${index}`,
    },
  ]);
}

/** Each piece of text is a look of its own; a stream that is resumed shows its beginning again, and may lag. */
function streamLooks(history: History): [string, Look][] {
  const looks: [string, Look][] = [];
  for (const [reader, events] of grouped(history.events, (event) => event.reader)) {
    let text = '';
    for (const event of events) {
      if (isText(event)) text += event.text ?? '';
      else if (!isLast(event)) continue;
      looks.push([
        event.responseId,
        {
          startedMs: event.atMs,
          endedMs: event.atMs,
          text,
          isComplete: event.type === 'response.completed',
          isMissing: false,
          by: `stream ${reader}`,
        },
      ]);
    }
  }
  return looks;
}

function longest(looks: readonly Look[]): string {
  return looks.reduce((long, { text }) => (text.length > long.length ? text : long), '');
}
