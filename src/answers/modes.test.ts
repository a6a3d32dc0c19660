import { describe, expect, test } from 'vitest';
import type { AnswerMode, DegradedSearch, LesserMode } from '../contract/answer.ts';
import { currentModes } from './current-modes.ts';
import { decideMode, EVERY_MODE, lesser } from './modes.ts';
import type { EndpointHealth } from './ports.ts';

const well: EndpointHealth = { name: 'a', isUsable: true, lastError: null };
const away: EndpointHealth = {
  name: 'b',
  isUsable: false,
  lastError: { code: 'upstream_timeout', message: 'too slow' },
};
const lexical: DegradedSearch = { mode: 'keyword-only', reason: 'no vectors', code: 'embedder_away' };
const blind: DegradedSearch = { mode: 'no-knowledge', reason: 'no index', code: 'index_away' };
const without = (...modes: LesserMode[]): ReadonlySet<LesserMode> =>
  new Set([...EVERY_MODE].filter((mode) => !modes.includes(mode)));

describe('the best mode that is possible and allowed', () => {
  type Case = [
    what: string,
    endpoints: EndpointHealth[] | null,
    search: DegradedSearch | null,
    forbidden: LesserMode[],
    mode: AnswerMode,
    writer: string,
    code: string | null,
    withheld: LesserMode | null,
  ];
  const cases: Case[] = [
    ['all is well', [well, well], null, [], 'full', 'any-model', null, null],
    [
      'all is well, but only the preferred may write',
      [well, well],
      null,
      ['fallback-model'],
      'full',
      'preferred-model',
      null,
      null,
    ],
    [
      'the preferred model is away',
      [away, well],
      null,
      [],
      'fallback-model',
      'any-model',
      'preferred_model_away',
      null,
    ],
    [
      'the preferred model is away, and no other may write',
      [away, well],
      null,
      ['fallback-model'],
      'extractive',
      'extract',
      'model_timeout',
      null,
    ],
    [
      'the preferred model is away, and neither another nor quotations are allowed',
      [away, well],
      null,
      ['fallback-model', 'extractive'],
      'deferred',
      'nobody',
      'model_timeout',
      'fallback-model',
    ],
    ['the embedder is away', [well], lexical, [], 'keyword-only', 'any-model', 'embedder_away', null],
    [
      'the embedder is away, and words alone do not do',
      [well],
      lexical,
      ['keyword-only'],
      'deferred',
      'nobody',
      'embedder_away',
      'keyword-only',
    ],
    ['the index is away', [well], blind, [], 'no-knowledge', 'any-model', 'index_away', null],
    [
      'the index is away, and documents are due',
      [well],
      blind,
      ['no-knowledge'],
      'deferred',
      'nobody',
      'index_away',
      'no-knowledge',
    ],
    [
      'no model is configured, and the index is damaged: the index is what is waited for',
      [],
      blind,
      [],
      'deferred',
      'nobody',
      'index_away',
      null,
    ],
    ['no model is configured', [], null, [], 'extractive', 'extract', 'no_model_configured', null],
    ['all models are away', [away, away], null, [], 'extractive', 'extract', 'model_timeout', null],
    [
      'all models and the embedder are away',
      [away],
      lexical,
      [],
      'extractive',
      'extract',
      'embedder_away',
      null,
    ],
    [
      'all models are away, and quotations do not do',
      [away],
      null,
      ['extractive'],
      'deferred',
      'nobody',
      'model_timeout',
      'extractive',
    ],
    ['nothing is there', [away], blind, [], 'deferred', 'nobody', 'model_timeout', null],
    ['quotations were asked for', null, null, ['extractive'], 'extractive', 'extract', null, null],
    [
      'quotations were asked for, and the index is away',
      null,
      blind,
      [],
      'deferred',
      'nobody',
      'index_away',
      null,
    ],
    [
      'the models were switched off',
      [{ ...away, lastError: null }],
      null,
      ['extractive'],
      'deferred',
      'nobody',
      'model_switched_off',
      'extractive',
    ],
  ];
  test.each(cases)('%s', (_what, endpoints, search, forbidden, mode, writer, code, withheld) => {
    const decision = decideMode({ endpoints, search }, without(...forbidden));
    expect(decision).toMatchObject({ mode, writer, withheld });
    expect(decision.reason?.code ?? null).toBe(code);
  });
});

test('an answer is as good as its weakest part', () => {
  expect(lesser({ mode: 'keyword-only' }, { mode: 'full' })).toEqual({ mode: 'keyword-only' });
  expect(lesser({ mode: 'full' }, { mode: 'fallback-model' })).toEqual({ mode: 'fallback-model' });
  expect(lesser(null, { mode: 'full' })).toEqual({ mode: 'full' });
});

test('the mode of the installation is the one in which most of its workers would answer', () => {
  const index = { isUsable: true, reason: '' };
  const views = [
    { endpoints: [well], embedder: null, index, changedAt: 2_000 },
    { endpoints: [away], embedder: null, index, changedAt: 3_000 },
    { endpoints: [well], embedder: { isUsable: true, reason: '' }, index, changedAt: 1_000 },
  ];
  expect(currentModes(views).map(({ mode, processes, since }) => [mode, processes, since])).toEqual([
    ['full', 2, 1_000],
    ['extractive', 1, 3_000],
  ]);
  const gone = { isUsable: false, reason: 'gone' };
  expect(currentModes([{ endpoints: [well], embedder: null, index: gone, changedAt: 0 }])).toMatchObject([
    { mode: 'no-knowledge', reason: 'gone', code: 'index_away' },
  ]);
  expect(currentModes([])).toEqual([]);
});
