import { describe, expect, it } from 'vitest';
import { highlight } from './highlight.ts';

const hits = (text: string, query: string) =>
  highlight(text, query)
    .filter(({ isHit }) => isHit)
    .map(({ text }) => text);

describe('highlighting a search result', () => {
  it('marks pairs of Chinese characters and joins neighbours', () => {
    expect(hits('职工的年休假为五天', '年休假几天')).toEqual(['年休假']);
  });

  it('marks what was typed in full width, and what is written so', () => {
    expect(hits('自2026年起，凭ＶＰＮ登录', '２０２６ vpn')).toEqual(['2026', 'ＶＰＮ']);
  });

  it('marks English words whatever their case', () => {
    expect(hits('Use the VPN client; vpn is on.', 'vpn access')).toEqual(['VPN', 'vpn']);
  });

  it('marks whole words, not those that stand in every sentence', () => {
    const text = 'The form is registered for access codes; it is disabled.';
    expect(hits(text, 'What is the access code for?')).toEqual(['access', 'codes']);
    expect(hits('to be or not', 'to be')).toEqual(['to', 'be']);
  });

  it('keeps the whole text', () => {
    const text = '甲乙 alpha 丙丁';
    expect(
      highlight(text, '乙 alpha 丙丁')
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });
});
