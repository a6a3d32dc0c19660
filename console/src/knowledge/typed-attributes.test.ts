import { describe, expect, it } from 'vitest';
import { attributesOf } from './typed-attributes.ts';

describe('attributes', () => {
  it('keep numbers and yes/no as such, so that range filters work', () => {
    const rows = [
      { name: '年份', value: '2024' },
      { name: 'public', value: 'true' },
      { name: 'code', value: '0012' },
      { name: ' ', value: 'dropped' },
    ];
    expect(attributesOf(rows)).toEqual({ 年份: 2024, public: true, code: '0012' });
  });
});
