import { describe, expect, it } from 'vitest';
import { replacedDocuments } from './editions.ts';
import { passageOf } from './passage-fixture.ts';

const named = (...filenames: string[]) =>
  filenames.map((filename, at) => passageOf(at + 1, '正文。', { filename }));
const replaced = (question: string, ...filenames: string[]) =>
  Object.fromEntries(replacedDocuments(question, named(...filenames)));

describe('replacedDocuments', () => {
  it('knows the older edition by year, date or version, whatever the file format', () => {
    expect(replaced('婚假几天', '休假办法（2022版）.txt', '休假办法（2026版）.md')).toEqual({
      '休假办法（2022版）.txt': { edition: '2026' },
    });
    expect(replaced('婚假几天', '休假办法(2021-03-01).md', '休假办法(2009-01-01).md')).toEqual({
      '休假办法(2009-01-01).md': { edition: '2021' },
    });
    expect(replaced('leave?', 'leave-policy_v1.2.pdf', 'leave-policy_v1.10.pdf')).toEqual({
      'leave-policy_v1.2.pdf': { edition: 'v1.10' },
    });
  });

  it('leaves different documents of different years alone', () => {
    expect(replaced('婚假几天', '休假办法（2022版）.txt', '报销办法（2026版）.md')).toEqual({});
  });

  it('believes a title that says that it no longer applies', () => {
    expect(replaced('婚假几天', '休假办法（已废止）.txt')).toEqual({
      '休假办法（已废止）.txt': { edition: null },
    });
  });

  it('keeps the old edition for a question about it', () => {
    const files = ['休假办法（2022版）.txt', '休假办法（2026版）.md'] as const;
    expect(replaced('2022版里婚假几天', ...files)).toEqual({});
    expect(replaced('旧版规定婚假几天', ...files)).toEqual({});
  });

  const standing = (state: 'in-force' | 'withdrawn' | 'upcoming', effectiveDate: string | null = null) => ({
    state,
    effectiveDate,
    edition: null,
    series: 'HR-011',
  });
  const described = (...standings: ReturnType<typeof standing>[]) =>
    standings.map((given, at) => passageOf(at + 1, '正文。', { filename: `名${at}.md`, standing: given }));

  it('believes the attributes: a withdrawn document is named with the edition that replaced it', () => {
    const passages = described(standing('withdrawn', '2022-03-01'), standing('in-force', '2026-01-01'));
    expect(Object.fromEntries(replacedDocuments('婚假几天', passages))).toEqual({
      '名0.md': { edition: '2026-01-01', withdrawn: true },
    });
  });

  it('does not let a rule of next month replace the one in force', () => {
    const passages = described(standing('in-force', '2022-03-01'), standing('upcoming', '2026-06-01'));
    expect(Object.fromEntries(replacedDocuments('婚假几天', passages))).toEqual({
      '名1.md': { edition: null, upcoming: '2026-06-01' },
    });
  });
});
