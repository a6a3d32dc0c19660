import { afterEach, describe, expect, it } from 'vitest';
import { dayAt, standingOf } from './standing.ts';

const TODAY = '2026-05-01';
const stateOf = (attributes: Parameters<typeof standingOf>[0]) =>
  standingOf(attributes, TODAY)?.state ?? null;

describe('the day on which a rule comes into force', () => {
  const before = process.env.TZ;
  afterEach(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  it('begins when it begins where the service stands, not in Greenwich', () => {
    const earlyInShanghai = Date.UTC(2026, 3, 30, 17, 30);
    process.env.TZ = 'UTC';
    expect(dayAt(earlyInShanghai)).toBe('2026-04-30');
    process.env.TZ = 'Asia/Shanghai';
    expect(dayAt(earlyInShanghai)).toBe('2026-05-01');
    expect(dayAt(Date.UTC(987, 0, 1))).toBe('0987-01-01');
  });
});

describe('standingOf', () => {
  it('says nothing where the attributes say nothing of it', () => {
    expect(stateOf({})).toBeNull();
    expect(stateOf({ department: '人力资源处' })).toBeNull();
  });

  it('takes a document for withdrawn by its status, its successor or its end', () => {
    expect(stateOf({ status: 'superseded' })).toBe('withdrawn');
    expect(stateOf({ 状态: '已废止' })).toBe('withdrawn');
    expect(stateOf({ superseded_by: 'DL-HR-012' })).toBe('withdrawn');
    expect(stateOf({ status: 'in_force', valid_until: '2026-04-30' })).toBe('withdrawn');
    expect(stateOf({ valid_until: '2026-05-01' })).toBe('in-force');
  });

  it('takes a rule of next month for none of today', () => {
    expect(stateOf({ status: 'in_force', effective_date: '2026-06-01' })).toBe('upcoming');
    expect(stateOf({ effective_date: 1_780_300_800 })).toBe('upcoming');
    expect(stateOf({ status: 'draft' })).toBe('upcoming');
    expect(stateOf({ effective_date: '2026年5月1日' })).toBe('in-force');
  });

  it('keeps date, edition and series as they are compared', () => {
    expect(
      standingOf(
        { status: 'in_force', effective_date: '2025/7/1', version: '2.0', document_number: 'DL-FIN-004' },
        TODAY,
      ),
    ).toEqual({ state: 'in-force', effectiveDate: '2025-07-01', edition: '2.0', series: 'DL-FIN-004' });
  });
});
