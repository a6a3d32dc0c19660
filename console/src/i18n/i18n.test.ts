import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODE_REASON_CODES } from '../../../src/contract/answer.ts';
import { DOCUMENT_WARNING_CODES } from '../../../src/contract/document-warnings.ts';
import { REQUEST_ERROR_CODES, WORK_ERROR_CODES } from '../../../src/contract/error-codes.ts';
import { en } from './en.ts';
import { warningText } from './error-text.ts';
import { hasText, translate } from './text.ts';
import { zh } from './zh.ts';

const source = join(import.meta.dirname, '..');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'))
  .map((name) => ({ name: relative('.', name), text: readFileSync(join(source, name), 'utf8') }));

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();
const isDictionary = (name: string) =>
  /i18n[/\\]((errors|resilience|backup|quality)-)?(zh|en)\.ts$/.test(name);

describe('the two languages', () => {
  it('have the same keys and no empty text', () => {
    expect(Object.keys(en).toSorted()).toEqual(Object.keys(zh).toSorted());
    for (const text of [...Object.values(zh), ...Object.values(en)]) expect(text.trim()).not.toBe('');
  });

  it('take the same values', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect([key, placeholders(en[key as keyof typeof zh])]).toEqual([key, placeholders(text)]);
    }
  });

  it('stand in the dictionaries only', () => {
    const offenders = files
      .filter(({ name }) => !isDictionary(name))
      .flatMap(({ name, text }) => (/\p{Script=Han}/u.test(text) ? [name] : []));
    expect(offenders).toEqual([]);
  });

  it('hold no text that nothing shows', () => {
    const used = files
      .filter(({ name }) => !isDictionary(name))
      .map(({ text }) => text)
      .join('\n');
    // Errors are looked up by the server's code; the others may be put together from a prefix and a value.
    const unused = Object.keys(zh).filter((key) => {
      if (key.startsWith('error.') || used.includes(`'${key}'`)) return false;
      const prefixes = [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index));
      return !prefixes.some((prefix) => used.includes(`\`${prefix}.$`));
    });
    expect(unused).toEqual([]);
  });

  it('have words for every error that the service may answer with, every reason of a mode, and every note on a document', () => {
    const expected = [
      ...[...REQUEST_ERROR_CODES, ...WORK_ERROR_CODES].map((code) => `error.${code}`),
      ...MODE_REASON_CODES.map((code) => `modeReason.${code}`),
      ...DOCUMENT_WARNING_CODES.map((code) => `warning.${code}`),
    ];
    expect(expected.filter((key) => !hasText(key))).toEqual([]);
  });

  it('say a note on a document by its code, and in the service’s words where there is none', () => {
    const t = (key: Parameters<typeof translate>[1], values?: object) =>
      translate('zh', key, values as Record<string, string>);
    const hidden = {
      code: 'sheet_hidden',
      message: 'The hidden sheet “A” was left out.',
      values: { sheet: 'A' },
    };
    expect(warningText(t, hidden)).toBe('隐藏的工作表“A”已跳过。');
    expect(warningText(t, { ...hidden, code: null })).toBe(hidden.message);
  });

  it('fill in values', () => {
    expect(translate('zh', 'place.page', { page: 3 })).toBe('第 3 页');
    expect(translate('en', 'place.page', { page: 3 })).toBe('p. 3');
  });
});
