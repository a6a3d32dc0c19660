import { expect, test } from 'vitest';
import { checkHistory, describeViolations } from './check-history.ts';
import type { LedgerRun, LedgerState } from './check-ledger.ts';
import { History, type Operation } from './history.ts';

const TEXT = 't1 t2 t3 ';
const CONVERSATION = 'conv';

/** Two turns of one conversation that two readers followed, a document that stays and one that goes, and two titles. */
function goodHistory(): History {
  const history = new History();
  const add = (startedMs: number, endedMs: number, rest: object): void =>
    history.add({ startedMs, endedMs, ...rest } as Operation);
  for (const [turn, at] of [0, 100].entries()) {
    const responseId = `r${turn}`;
    add(at, at + 5, { kind: 'ask', conversationId: CONVERSATION, question: `q${turn}`, responseId });
    for (const reader of [`a${turn}`, `b${turn}`]) follow(history, reader, responseId, at + 5);
    add(at + 16, at + 17, { kind: 'answer', responseId, status: 'in_progress', text: 't1 t2 ' });
    add(at + 50, at + 55, { kind: 'answer', responseId, status: 'completed', text: TEXT });
    add(at + 60, at + 65, { kind: 'items', conversationId: CONVERSATION, items: itemsUpTo(turn) });
    add(at + 70, at + 72, { kind: 'write', register: 'title', value: `title ${turn}` });
    add(at + 75, at + 78, { kind: 'read', register: 'title', value: `title ${turn}` });
  }
  add(10, 20, { kind: 'upload', documentId: 'd1', sha256: 'one' });
  add(30, 40, { kind: 'upload', documentId: 'd2', sha256: 'two' });
  add(50, 60, { kind: 'documents', documentIds: ['d1', 'd2'] });
  add(70, 80, { kind: 'delete', documentId: 'd2' });
  add(90, 95, { kind: 'documents', documentIds: ['d1'] });
  add(96, 99, { kind: 'content', documentId: 'd1', sha256: 'one' });
  return history;
}

function follow(history: History, reader: string, responseId: string, startMs: number): void {
  const pieces = ['response.created', ...TEXT.match(/t\d /g)!, 'response.completed'];
  for (const [sequence, piece] of pieces.entries()) {
    const isText = piece.startsWith('t');
    const type = isText ? 'response.output_text.delta' : piece;
    history.events.push({
      reader,
      responseId,
      sequence,
      type,
      text: isText ? piece : null,
      atMs: startMs + sequence * 5,
    });
  }
}

function itemsUpTo(turn: number): { id: string; role: string; text: string }[] {
  return Array.from({ length: turn + 1 }, (_, index) => [
    { id: `i${index}q`, role: 'user', text: `q${index}` },
    { id: `i${index}a`, role: 'assistant', text: TEXT },
  ]).flat();
}

/** Each answer was written by two processes, one after the other. */
function goodLedger(): { runs: LedgerRun[]; events: LedgerState['events'][number][] } {
  const row = (run_id: string, seq: number, epoch: number, type: string, text?: string) => ({
    run_id,
    seq,
    epoch,
    type,
    payload: JSON.stringify(text === undefined ? {} : { text }),
    created_at: seq,
  });
  const runs = ['r0', 'r1'].map((id) => ({ id, kind: 'answer', status: 'completed', epoch: 2, lastSeq: 5 }));
  const events = runs.flatMap(({ id }) => [
    row(id, 1, 1, 'answer.started'),
    row(id, 2, 1, 'answer.delta', 't1 '),
    row(id, 3, 1, 'answer.delta', 't2 '),
    row(id, 4, 2, 'answer.delta', 't3 '),
    row(id, 5, 2, 'run.completed'),
  ]);
  return { runs, events };
}

function check(history: History, ledger: LedgerState = goodLedger()): string[] {
  return checkHistory(history, { expected: TEXT, ledger }).map((violation) => violation.rule);
}

test('a history of a service that works is not complained about', () => {
  const violations = checkHistory(goodHistory(), { expected: TEXT, ledger: goodLedger() });
  expect(describeViolations(violations)).toBe('');
});

test('what nobody was told of may have happened or not', () => {
  const history = goodHistory();
  const unknown = { startedMs: 80, endedMs: Infinity };
  history.add({ ...unknown, kind: 'ask', conversationId: CONVERSATION, question: 'q?', responseId: null });
  history.add({ ...unknown, kind: 'write', register: 'other', value: 'unknown' });
  history.add({ kind: 'read', register: 'other', value: null, startedMs: 90, endedMs: 91 });
  history.add({ kind: 'read', register: 'other', value: 'unknown', startedMs: 95, endedMs: 96 });
  expect(check(history)).toEqual([]);
});

/** A history that a faulty service could have made. */
const HISTORIES: [fault: string, rule: string, plant: (history: History) => void][] = [
  [
    'an event is sent twice',
    'event doubled',
    ({ events }) => events.splice(2, 0, { ...(events[1] as (typeof events)[0]) }),
  ],
  ['an event is left out', 'event missing', ({ events }) => events.splice(2, 1)],
  [
    'a node shows another text',
    'event differs between readers',
    ({ events }) => change(events, 7, { text: 'x' }),
  ],
  [
    'an answer is not what it should be',
    'answer changed',
    ({ events }) => change(events, 2, { text: 'T2 ' }),
  ],
  ['an answer ends early', 'answer cut short', (history) => set(history, 'answer', 1, { text: 't1 ' })],
  [
    'a node knows less than another did',
    'read went back',
    (history) => set(history, 'answer', 0, { text: '' }),
  ],
  [
    'a node has forgotten the end',
    'read went back',
    (history) => set(history, 'answer', 1, { status: 'queued' }),
  ],
  [
    'an acknowledged answer is gone',
    'answer lost',
    (history) => set(history, 'answer', 1, { status: 'missing' }),
  ],
  ['a question is not listed', 'question lost', (history) => set(history, 'items', 0, { items: [] })],
  [
    'a list has lost its end',
    'read went back',
    (history) => set(history, 'items', 1, { items: itemsUpTo(1).slice(0, 1) }),
  ],
  [
    'a question is stored twice',
    'question doubled',
    (history) =>
      set(history, 'items', 1, { items: [...itemsUpTo(1), { id: 'x', role: 'user', text: 'q0' }] }),
  ],
  [
    'an item stands in another order',
    'items out of order',
    (history) => set(history, 'items', 1, { items: itemsUpTo(1).toReversed() }),
  ],
  [
    'two questions get one answer',
    'one answer for two questions',
    (history) => set(history, 'ask', 1, { responseId: 'r0' }),
  ],
  ['a document is gone', 'document lost', (history) => set(history, 'documents', 1, { documentIds: [] })],
  [
    'a deleted document is back',
    'deleted document is back',
    (history) => set(history, 'documents', 1, { documentIds: ['d1', 'd2'] }),
  ],
  [
    'a document has another content',
    'document changed',
    (history) => set(history, 'content', 0, { sha256: 'x' }),
  ],
  ['a title is the one before', 'read went back', (history) => set(history, 'read', 1, { value: 'title 0' })],
  ['a title was never given', 'value from nowhere', (history) => set(history, 'read', 0, { value: 'other' })],
];

test.each(HISTORIES)('it is noticed when %s', (_, rule, plant) => {
  const history = goodHistory();
  plant(history);
  expect(check(history)).toContain(rule);
});

const LEDGERS: [fault: string, rule: string, plant: (ledger: ReturnType<typeof goodLedger>) => void][] = [
  ['a run goes on for ever', 'run never ended', ({ runs }) => change(runs, 0, { status: 'running' })],
  ['an acknowledged run is gone', 'question lost', ({ runs }) => runs.splice(0, 1)],
  ['an earlier owner writes on', 'two writers', ({ events }) => change(events, 4, { epoch: 1 })],
  ['somebody writes who holds nothing', 'two writers', ({ events }) => change(events, 3, { epoch: 3 })],
  ['a commit is forgotten', 'event missing', ({ events }) => events.splice(2, 1)],
  ['the end is forgotten', 'event missing', ({ events }) => events.splice(4, 1)],
  ['a run ends twice', 'run ended otherwise', ({ events }) => change(events, 3, { type: 'run.failed' })],
  [
    'rows say the same twice',
    'event doubled',
    ({ events }) => events.push({ ...(events[2] as (typeof events)[0]) }),
  ],
  [
    'readers were shown what is not stored',
    'shown but not stored',
    ({ events }) => change(events, 3, { payload: '{"text":"T3 "}' }),
  ],
];

test.each(LEDGERS)('it is noticed in the ledger when %s', (_, rule, plant) => {
  const ledger = goodLedger();
  plant(ledger);
  expect(check(goodHistory(), ledger)).toContain(rule);
});

function set(history: History, kind: Operation['kind'], index: number, fields: object): void {
  Object.assign(history.of(kind)[index] as object, fields);
}

function change<T extends object>(list: T[], index: number, fields: Partial<T>): void {
  list[index] = { ...(list[index] as T), ...fields };
}
