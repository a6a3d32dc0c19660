import { describe, expect, test } from 'vitest';
import { ANSWER_INPUT as INPUT } from '../../../tests/support/answer-input.ts';
import type { AnswerEvents, AnswerInput, AnswerPassage, AnswerResult } from '../../contract/answer.ts';
import type { Run, RunEvent } from '../../runs/run.ts';
import { ResponseProjection } from './response-projection.ts';

const RESULT: AnswerResult = {
  status: 'completed',
  incompleteReason: null,
  text: '15 days [1].',
  reasoning: '',
  mode: 'keyword-only',
  modeReason: 'The embedder does not answer.',
  modeReasonCode: 'embedder_away',
  endpoint: 'qwen',
  declined: false,
  citations: [
    {
      index: 8,
      endIndex: 11,
      passageNumber: 1,
      chunkId: 'chunk_1',
      documentId: 'file_1',
      knowledgeBaseId: 'vs_1',
      filename: 'leave.md',
      quote: '15 days',
      start: 4,
      end: 11,
      headingPath: ['Leave'],
      page: 2,
      article: null,
    },
  ],
  usage: null,
};

const SEARCHED: AnswerEvents['answer.searched'] = {
  query: 'leave',
  passages: [],
  knowledgeBaseIds: ['vs_1'],
  degraded: null,
};

const PASSAGE: AnswerPassage = {
  number: 1,
  chunkId: 'file_1#1',
  documentId: 'file_1',
  knowledgeBaseId: 'vs_1',
  filename: 'leave.md',
  score: 1,
  text: 'Leave is 15 days.',
  headingPath: [],
  page: null,
  article: null,
  start: 0,
  end: 17,
};

describe('the numbers of a stream', () => {
  const log = events(
    ['answer.started', { mode: 'full', modeReason: null, modeReasonCode: null }],
    ['step.completed', { name: 'retrieve', result: 1 }],
    ['answer.searched', SEARCHED],
    ['answer.reasoning', { text: 'hm' }],
    ['answer.delta', { text: '15 days' }],
    ['answer.delta', { text: ' [1].' }],
    ['answer.finished', RESULT],
    ['run.completed', {}],
  );

  test('are the same whether the events come one by one or all at once, live or from the log', () => {
    const whole = frames(log, INPUT);
    const projection = new ResponseProjection(run());
    const pieces: string[] = [];
    projection.open(pieces);
    for (const event of log) projection.push(event, pieces);
    projection.close(run({ status: 'completed', result: RESULT }), pieces);
    expect(pieces).toEqual(whole);
  });

  test('count from 0 without gaps, in the event and as the id of the frame', () => {
    for (const [number, frame] of frames(log, {
      ...INPUT,
      background: true,
      fileSearchRequested: true,
    }).entries()) {
      expect(frame.split('\n')[1]).toBe(`id: ${number}`);
      expect(parse(frame)['sequence_number']).toBe(number);
      expect(frame.split('\n')[0]).toBe(`event: ${String(parse(frame)['type'])}`);
    }
  });
});

test('line breaks and quotes of the text do not break the frame', () => {
  const text = 'a "b"\r\n\n\u2028data: c\\';
  const [delta] = frames(events(['answer.delta', { text }]), INPUT)
    .map(parse)
    .filter((event) => event['type'] === 'response.output_text.delta');
  expect(delta?.['delta']).toBe(text);
});

test('a search is shown as an output item only to those who asked for file_search', () => {
  const log = events(['answer.searched', SEARCHED], ['answer.finished', RESULT]);
  expect(types(frames(log, INPUT)).filter((type) => type.includes('file_search'))).toEqual([]);
  expect(
    types(frames(log, { ...INPUT, fileSearchRequested: true })).filter((type) =>
      type.includes('file_search'),
    ),
  ).toEqual([
    'response.file_search_call.in_progress',
    'response.file_search_call.searching',
    'response.file_search_call.completed',
  ]);
});

test('an answer that fails in the middle keeps its text, closes its items and says why', () => {
  const failure = { code: 'run_deadline', message: 'Too slow.' };
  const log = events(['answer.delta', { text: 'half' }], ['run.failed', failure]);
  const made = frames(log, INPUT);
  expect(types(made).slice(-4)).toEqual([
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.failed',
  ]);
  const response = project(log).response();
  expect(response).toMatchObject({
    status: 'failed',
    error: { code: 'server_error', message: 'Too slow.' },
    budao: { failure_code: 'run_deadline' },
  });
  expect(response.output[0]).toMatchObject({ status: 'incomplete', content: [{ text: 'half' }] });
});

test('a cancelled answer ends with an event that clients know, and the status cancelled', () => {
  const log = events(['answer.delta', { text: 'half' }], ['run.cancelled', {}]);
  expect(types(frames(log, INPUT)).at(-1)).toBe('response.incomplete');
  expect(project(log).response().status).toBe('cancelled');
});

test.each([
  ['run.cancelled', {}],
  ['run.failed', { code: 'run_deadline', message: 'Too slow.' }],
] as const)('an answer cut short by %s keeps its mode and the sources of what was shown', (type, payload) => {
  const log = events(
    ['answer.searched', { ...SEARCHED, passages: [PASSAGE, { ...PASSAGE, number: 2, chunkId: 'file_1#2' }] }],
    [
      'answer.started',
      { mode: 'fallback-model', modeReason: 'Away.', modeReasonCode: 'preferred_model_away' },
    ],
    ['answer.delta', { text: '15 days [1], and the [' }],
    [type, payload],
  );
  const { budao, output } = project(log).response();
  expect(budao).toMatchObject({ mode: 'fallback-model', mode_reason_code: 'preferred_model_away' });
  expect(output[0]).toMatchObject({
    status: 'incomplete',
    content: [
      { annotations: [{ index: 8, chunk_id: 'file_1#1', file_id: 'file_1', quote: 'Leave is 15 days.' }] },
    ],
  });
  expect(types(frames(log, INPUT)).filter((one) => one.endsWith('annotation.added'))).toHaveLength(1);
});

test('an answer cut short names no passage as a source that its model has not seen', () => {
  const log = events(
    ['answer.searched', { ...SEARCHED, passages: [PASSAGE, { ...PASSAGE, number: 2, chunkId: 'file_1#2' }] }],
    ['answer.started', { mode: 'full', modeReason: null, modeReasonCode: null, seenPassages: 1 }],
    ['answer.delta', { text: '15 days [1][2].' }],
    ['run.cancelled', {}],
  );
  const [message] = project(log).response().output;
  expect(message).toMatchObject({ content: [{ annotations: [{ chunk_id: 'file_1#1' }] }] });
});

test('text that was shown is never taken back by a result that reads otherwise', () => {
  const log = events(['answer.delta', { text: 'shown' }], ['answer.finished', { ...RESULT, text: 'other' }]);
  expect(project(log).response().output[0]).toMatchObject({ content: [{ text: 'shown' }] });
});

test('a result that goes further than the deltas is shown whole', () => {
  const log = events(['answer.delta', { text: '15 d' }], ['answer.finished', RESULT]);
  const deltas = frames(log, INPUT)
    .map(parse)
    .filter((event) => event['type'] === 'response.output_text.delta');
  expect(deltas.map((event) => event['delta']).join('')).toBe(RESULT.text);
});

test('nothing follows the end, whatever the log says later', () => {
  const log = events(['answer.finished', RESULT], ['run.cancelled', {}], ['answer.delta', { text: 'late' }]);
  expect(types(frames(log, INPUT)).at(-1)).toBe('response.completed');
});

test('the mode of the answer and the place of its citations are told', () => {
  const response = project(
    events(['answer.delta', { text: RESULT.text }], ['answer.finished', RESULT]),
  ).response();
  expect(response.budao).toMatchObject({
    mode: 'keyword-only',
    mode_reason: RESULT.modeReason,
    mode_reason_code: 'embedder_away',
    endpoint: 'qwen',
  });
  expect(response.output[0]).toMatchObject({
    content: [
      {
        annotations: [
          {
            type: 'file_citation',
            index: 8,
            start_index: 8,
            end_index: 11,
            file_id: 'file_1',
            vector_store_id: 'vs_1',
          },
        ],
      },
    ],
  });
});

describe('an answer that has to wait', () => {
  const deferred: AnswerEvents['answer.deferred'] = {
    mode: 'deferred',
    modeReason: 'The model is down.',
    modeReasonCode: 'model_failed',
    withheldMode: null,
  };
  const input = { ...INPUT, fileSearchRequested: true };

  test('is queued again, says why, and shows the search of its answer once', () => {
    const waiting = events(['answer.searched', SEARCHED], ['answer.deferred', deferred]);
    const projection = project(waiting, input);
    expect(projection.isDeferred).toBe(true);
    expect(projection.response()).toMatchObject({
      status: 'queued',
      budao: { mode: 'deferred', mode_reason: 'The model is down.', mode_reason_code: 'model_failed' },
    });
    const whole = events(
      ['answer.searched', SEARCHED],
      ['answer.deferred', deferred],
      ['answer.searched', { ...SEARCHED, query: 'later' }],
      ['answer.started', { mode: 'full', modeReason: null, modeReasonCode: null }],
      ['answer.delta', { text: 'x' }],
    );
    const seen = types(frames(whole, input));
    expect(seen.filter((type) => /queued|in_progress$/.test(type))).toEqual([
      'response.in_progress',
      'response.file_search_call.in_progress',
      'response.queued',
      'response.in_progress',
    ]);
    const answered = project(whole, input);
    expect(answered.isDeferred).toBe(false);
    expect(answered.response()).toMatchObject({
      status: 'in_progress',
      budao: { mode: 'full' },
      output: [{ type: 'file_search_call', queries: ['later'] }, { type: 'message' }],
    });
  });
});

function run(change: Partial<Run> = {}, input = INPUT): Run {
  return {
    id: 'resp_1',
    kind: 'answer',
    workspaceId: 'ws_1',
    subjectId: null,
    input,
    status: 'running',
    owner: null,
    epoch: 1,
    fence: null,
    leaseUntil: 0,
    attempts: 0,
    maxAttempts: 5,
    priority: 0,
    availableAt: 0,
    deadlineAt: 0,
    cancelRequested: false,
    lastSeq: 0,
    result: null,
    failure: null,
    deferral: null,
    createdAt: 1_700_000_000_000,
    startedAt: null,
    finishedAt: null,
    ...change,
  };
}

function events(...entries: [string, unknown][]): RunEvent[] {
  return entries.map(([type, payload], index) => ({
    runId: 'resp_1',
    seq: index + 1,
    epoch: 1,
    type,
    payload,
    createdAt: 1_700_000_001_000,
  }));
}

function project(log: readonly RunEvent[], input = INPUT): ResponseProjection {
  const projection = new ResponseProjection(run({}, input));
  const made: string[] = [];
  projection.open(made);
  for (const event of log) projection.push(event, made);
  return projection;
}

function frames(log: readonly RunEvent[], input: AnswerInput): string[] {
  const projection = new ResponseProjection(run({}, input));
  const made: string[] = [];
  projection.open(made);
  for (const event of log) projection.push(event, made);
  return made;
}

function parse(frame: string): Record<string, unknown> {
  return JSON.parse(frame.split('\n')[2]?.slice('data: '.length) ?? '') as Record<string, unknown>;
}

function types(made: readonly string[]): string[] {
  return made.map((frame) => String(parse(frame)['type']));
}
