import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { chooseMessages } from './messages.ts';
import { zh } from './zh.ts';

describe('language of the command line', () => {
  it.each([
    [{ LANG: 'zh_CN.UTF-8' }, zh],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'zh_TW' }, zh],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, en],
    [{ LANG: 'de_DE.UTF-8' }, en],
    [{}, en],
  ])('follows %j', (environment, expected) => expect(chooseMessages(undefined, environment)).toBe(expected));

  it('is what --lang says, whatever the environment', () => {
    expect(chooseMessages('en', { LANG: 'zh_CN' })).toBe(en);
    expect(chooseMessages('zh', { LANG: 'C' })).toBe(zh);
  });
});
