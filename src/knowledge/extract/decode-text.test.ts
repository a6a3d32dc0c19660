import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decodeText } from './decode-text.ts';

const chinese = '第一条 员工请假应当提前三个工作日申请，病假须附诊断证明。\n';

describe('decodeText', () => {
  it.each(['utf-8', 'gb18030', 'gbk', 'utf-16le', 'utf-16be'])(
    'reads Chinese in %s without any mark',
    (encoding) => {
      expect(decodeText(iconv.encode(chinese, encoding))).toBe(chinese);
    },
  );

  it('reads Western accents as such and not as rare Chinese characters', () => {
    const text = 'Le café de l’hôpital est fermé à midi; réouverture prévue à l’été.';
    expect(decodeText(iconv.encode(text, 'windows-1252'))).toBe(text);
  });

  it('believes what the page declares', () => {
    const text = '繁體中文網頁的內容，醫院的規定。';
    expect(decodeText(iconv.encode(text, 'big5'), 'big5')).toBe(text);
  });

  it('reads UTF-8 that was cut in the middle of a character', () => {
    expect(decodeText(Buffer.from('值班手册').subarray(0, 11))).toBe('值班手');
  });

  it.each([
    ['zeros among text', Buffer.from('abc\u0000def\u0000')],
    ['control characters', Buffer.from('\u0001\u0002\u0003text\u0004\u0005')],
  ])('refuses %s', (_, bytes) => {
    expect(decodeText(bytes)).toBeNull();
  });
});
