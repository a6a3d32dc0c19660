import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../api/types.ts';
import { answerFromItems, applyEvent, emptyAnswer, isDeferred, isFinished, visibleText } from './answer.ts';

const delta = (sequence_number: number, text: string): StreamEvent => ({
  type: 'response.output_text.delta',
  sequence_number,
  delta: text,
});
const ended = (sequence_number: number, status: string, text: string): StreamEvent => ({
  type: `response.${status}`,
  sequence_number,
  response: {
    id: 'resp_1',
    status,
    output: [
      {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        content: [
          {
            type: 'output_text',
            text,
            annotations: [
              { type: 'file_citation', file_id: 'f', filename: 'a.md', index: 0, chunk_id: 'f#0' },
            ],
          },
        ],
      },
    ],
    budao: { mode: 'extractive' },
  },
});
const play = (events: StreamEvent[]) => events.reduce(applyEvent, emptyAnswer('resp_1'));

describe('an answer that is being written', () => {
  it('shows no text twice when a stream is replayed', () => {
    expect(play([delta(1, 'ab'), delta(2, 'cd'), delta(1, 'ab'), delta(2, 'cd'), delta(3, 'ef')]).text).toBe(
      'abcdef',
    );
  });

  it('does not mind gaps in the numbers', () => {
    expect(play([delta(1, 'ab'), delta(9, 'cd')]).text).toBe('abcd');
  });

  it('is right in the end even when events came out of order', () => {
    const answer = play([delta(1, 'ab'), delta(3, 'ef'), delta(2, 'cd'), ended(4, 'completed', 'abcdef')]);
    expect(answer.text).toBe('abcdef');
    expect(answer.status).toBe('completed');
  });

  it('ends even when the end carries a lower number than what was followed', () => {
    expect(isFinished(play([delta(40, 'ab'), ended(12, 'completed', 'ab')]))).toBe(true);
  });

  it('keeps the text that was shown while a replay catches up', () => {
    const items = [
      { id: 'm', type: 'message', status: 'in_progress', content: [{ type: 'output_text', text: 'abcd' }] },
    ];
    let answer = answerFromItems('resp_1', items);
    expect(visibleText(answer)).toBe('abcd');
    answer = applyEvent(answer, delta(1, 'ab'));
    expect(visibleText(answer)).toBe('abcd');
    answer = applyEvent(answer, delta(2, 'cdef'));
    expect(visibleText(answer)).toBe('abcdef');
  });

  it('goes on after the number that the conversation names, without a replay', () => {
    const items = [
      {
        id: 'm',
        type: 'message',
        status: 'in_progress',
        content: [{ type: 'output_text', text: 'abcd' }],
        sequence_number: 6,
      },
    ];
    const answer = [delta(6, 'cd'), delta(7, 'ef')].reduce(applyEvent, answerFromItems('resp_1', items));
    expect(visibleText(answer)).toBe('abcdef');
  });

  it('keeps what was written when a failure brings no text', () => {
    const failed: StreamEvent = {
      type: 'response.failed',
      sequence_number: 3,
      response: {
        id: 'resp_1',
        status: 'failed',
        output: [],
        error: { code: 'server_error', message: 'No.' },
      },
    };
    const answer = play([delta(1, 'half'), failed]);
    expect(answer).toMatchObject({ status: 'failed', text: 'half', failure: { message: 'No.' } });
  });

  it('collects each citation once', () => {
    const annotation = {
      type: 'file_citation' as const,
      file_id: 'f',
      filename: 'a',
      index: 3,
      chunk_id: 'f#1',
    };
    const added = (sequence_number: number): StreamEvent => ({
      type: 'response.output_text.annotation.added',
      sequence_number,
      annotation,
    });
    expect(play([added(1), added(2)]).citations).toHaveLength(1);
  });

  it('tells an answer that was stopped from one that failed', () => {
    const item = { id: 'm', type: 'message', status: 'incomplete', content: [] };
    const stopped = answerFromItems('r', [{ ...item, error: { code: 'cancelled', message: '' } }]);
    const failed = answerFromItems('r', [{ ...item, error: { code: 'run_deadline', message: '' } }]);
    expect([stopped.status, failed.status]).toEqual(['cancelled', 'failed']);
  });
});

describe('an answer that has to wait', () => {
  const told = (sequence_number: number, type: string, mode: 'deferred' | null): StreamEvent => ({
    type: `response.${type}`,
    sequence_number,
    response: {
      id: 'resp_1',
      status: type,
      budao: { mode, mode_reason: mode && 'down', mode_reason_code: mode && 'model_failed' },
    },
  });

  it('says so until somebody works on it again', () => {
    const waiting = [told(1, 'in_progress', null), told(2, 'queued', 'deferred')];
    expect(isDeferred(play(waiting))).toBe(true);
    expect(play(waiting).modeReasonCode).toBe('model_failed');
    const resumed = play([...waiting, told(3, 'in_progress', null)]);
    expect([isDeferred(resumed), resumed.mode, resumed.modeReason]).toEqual([false, null, null]);
    expect(isDeferred(play([...waiting, ended(3, 'completed', 'ab')]))).toBe(false);
  });

  it('says so when the conversation is opened later', () => {
    const item = {
      id: 'm',
      type: 'message',
      status: 'in_progress',
      mode: 'deferred' as const,
      sequence_number: 4,
    };
    expect(isDeferred(answerFromItems('resp_1', [item]))).toBe(true);
  });
});
