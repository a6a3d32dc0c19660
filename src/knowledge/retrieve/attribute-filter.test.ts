import { describe, expect, it } from 'vitest';
import { AttributeFilter } from '../../contract/openai/filters.ts';
import { matchesFilter, parseAttributeFilter } from './attribute-filter.ts';

const ATTRIBUTES = { dept: 'finance', year: 2026, current: true, issued: '2026-03-01' };

describe('an attribute filter', () => {
  it.each([
    [{ type: 'eq', key: 'dept', value: 'finance' }, true],
    [{ type: 'eq', key: 'year', value: '2026' }, false],
    [{ type: 'eq', key: 'current', value: true }, true],
    [{ type: 'ne', key: 'dept', value: 'it' }, true],
    [{ type: 'ne', key: 'absent', value: 'it' }, true],
    [{ type: 'gt', key: 'year', value: 2026 }, false],
    [{ type: 'gte', key: 'year', value: 2026 }, true],
    [{ type: 'lt', key: 'issued', value: '2026-04' }, true],
    [{ type: 'lte', key: 'year', value: 2025 }, false],
    [{ type: 'gt', key: 'absent', value: 0 }, false],
    [{ type: 'gt', key: 'dept', value: 5 }, false],
    [{ type: 'in', key: 'dept', value: ['it', 'finance'] }, true],
    [{ type: 'nin', key: 'dept', value: ['it'] }, true],
    [{ type: 'nin', key: 'absent', value: ['it'] }, true],
    [{ type: 'and', filters: [] }, true],
    [{ type: 'or', filters: [] }, false],
    [
      {
        type: 'and',
        filters: [
          { type: 'eq', key: 'dept', value: 'finance' },
          {
            type: 'or',
            filters: [
              { type: 'eq', key: 'year', value: 1 },
              { type: 'eq', key: 'current', value: true },
            ],
          },
        ],
      },
      true,
    ],
  ])('%j holds: %s', (filter, expected) => {
    expect(matchesFilter(parseAttributeFilter(filter), ATTRIBUTES)).toBe(expected);
  });

  it.each([
    ['no object', 'dept=finance'],
    ['an unknown comparison', { type: 'like', key: 'dept', value: 'f%' }],
    ['a list for eq', { type: 'eq', key: 'dept', value: ['finance'] }],
    ['one value for in', { type: 'in', key: 'dept', value: 'finance' }],
    ['an unknown combination', { type: 'not', filters: [] }],
    ['a bad filter inside', { type: 'and', filters: [{ type: 'eq' }] }],
    ['an unknown field', { type: 'eq', key: 'a', value: 1, case: 'no' }],
    [
      'a deep nest',
      Array.from({ length: 12 }).reduce<unknown>((filter) => ({ type: 'and', filters: [filter] }), {}),
    ],
    [
      'more values than a search should compare each document with',
      {
        type: 'or',
        filters: Array.from({ length: 3 }, () => ({
          type: 'in',
          key: 'dept',
          value: Array.from({ length: 1_000 }, (_, index) => index),
        })),
      },
    ],
    [
      'more comparisons than that',
      {
        type: 'or',
        filters: Array.from({ length: 2_001 }, (_, value) => ({ type: 'eq', key: 'year', value })),
      },
    ],
    [
      'as many combinations, though empty',
      { type: 'or', filters: Array.from({ length: 2_001 }, () => ({ type: 'and', filters: [] })) },
    ],
  ])('refuses %s', (_, filter) => {
    expect(() => parseAttributeFilter(filter)).toThrow(expect.objectContaining({ code: 'invalid_filter' }));
  });

  it('says which comparison goes with a list', () => {
    expect(() => parseAttributeFilter({ type: 'eq', key: 'dept', value: ['it'] })).toThrow('use `in`');
    expect(() => parseAttributeFilter({ type: 'in', key: 'dept', value: 'it' })).toThrow('give a list');
  });

  it.each([
    { type: 'in', key: 'dept', value: Array.from({ length: 1_000 }, (_, index) => index) },
    { type: 'or', filters: [{ type: 'eq', key: 'k'.repeat(100), value: true }] },
  ])('is taken by a question and by a search alike', (filter) => {
    expect(AttributeFilter.parse(filter)).toEqual(parseAttributeFilter(filter));
  });
});
