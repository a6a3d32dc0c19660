import { expect, test } from 'vitest';
import { translate } from '../../i18n/text.ts';
import { describeWhen } from './describe-when.ts';

const zh = (when: string) => describeWhen((key, values) => translate('zh', key, values), when);
const en = (when: string) => describeWhen((key, values) => translate('en', key, values), when);

test.each([
  ['off', '关闭', 'off'],
  ['every 10m', '每 10 分钟', 'every 10 minutes'],
  ['hourly', '每小时的 00 分', 'every hour at :00'],
  ['daily 02:30', '每天 02:30', 'every day at 02:30'],
  ['weekly sun 04:00', '每周日 04:00', 'every Sunday at 04:00'],
  ['monthly 1 05:00', '每月 1 日 05:00', 'on day 1 of each month at 05:00'],
])('%s is said in the reader’s language', (when, inChinese, inEnglish) => {
  expect(zh(when)).toBe(inChinese);
  expect(en(when)).toBe(inEnglish);
});

test.each(['', 'daily', 'every 0m', 'weekly someday 04:00', 'monthly 31 05:00'])(
  '"%s" is not understood, and is said so before it is sent',
  (when) => {
    expect(en(when)).toBeNull();
  },
);
