import { grouped, type History, type SeenEvent, type Violation } from './history.ts';

const TEXT = 'response.output_text.delta';
const LAST = /^response\.(completed|failed|incomplete)$/;

/** Every reader sees each event once and in order, and all readers see the same. */
export function checkStreams(history: History): Violation[] {
  const violations: Violation[] = [];
  const first = new Map<string, SeenEvent>();
  for (const [reader, events] of grouped(history.events, (event) => event.reader)) {
    let expected = 0;
    let isOver = false;
    for (const event of events) {
      const where = `${event.responseId} as ${reader} saw it, event ${event.sequence}`;
      if (event.sequence < expected) violations.push({ rule: 'event doubled', detail: where });
      if (event.sequence > expected) {
        violations.push({ rule: 'event missing', detail: `${where} came where ${expected} was due` });
      }
      if (isOver) violations.push({ rule: 'event after the end', detail: where });
      isOver ||= LAST.test(event.type);
      expected = event.sequence + 1;
      const key = `${event.responseId} ${event.sequence}`;
      const known = first.get(key) ?? event;
      first.set(key, known);
      if (known.type !== event.type || known.text !== event.text) {
        const detail = `${where}: ${say(event)}, where ${known.reader} saw ${say(known)}`;
        violations.push({ rule: 'event differs between readers', detail });
      }
    }
  }
  return violations;
}

function say({ type, text }: SeenEvent): string {
  return text === null ? type : `${type} ${JSON.stringify(text)}`;
}

export function isText(event: SeenEvent): boolean {
  return event.type === TEXT;
}

export function isLast(event: SeenEvent): boolean {
  return LAST.test(event.type);
}
