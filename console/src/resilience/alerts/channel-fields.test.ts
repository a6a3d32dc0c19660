import { describe, expect, test } from 'vitest';
import type { AlertChannel } from '../../api/operations.ts';
import { bodyOf, fieldsOf, isComplete } from './channel-fields.ts';

const saved: AlertChannel = {
  id: 'ch_1',
  kind: 'dingtalk',
  name: '值班',
  min_severity: 'critical',
  language: 'zh',
  disabled: false,
  settings: { address: 'https://oapi.dingtalk.com/…' },
};

describe('a channel that is changed', () => {
  test('keeps its keys when they are left empty: they are not sent at all', () => {
    const fields = { ...fieldsOf(saved, 'en'), name: ' 夜班 ' };
    expect(isComplete(fields, false)).toBe(true);
    expect(bodyOf(fields, false)).toEqual({
      name: '夜班',
      min_severity: 'critical',
      language: 'zh',
      disabled: false,
    });
  });

  test('gets a new key when one was filled in', () => {
    const fields = { ...fieldsOf(saved, 'en'), url: 'https://new.example/x', secret: 'SEC1' };
    expect(bodyOf(fields, false)).toMatchObject({ url: 'https://new.example/x', secret: 'SEC1' });
  });
});

describe('a new channel', () => {
  test('is not sent without an address', () => {
    const fields = { ...fieldsOf(null, 'en'), name: 'on call' };
    expect(isComplete(fields, true)).toBe(false);
    expect(isComplete({ ...fields, url: 'https://x.example' }, true)).toBe(true);
  });

  test('by e-mail takes recipients however they are separated, and sends no empty user', () => {
    const fields = {
      ...fieldsOf(null, 'en'),
      kind: 'email' as const,
      name: 'mail',
      host: 'smtp.example',
      from: 'budao@example',
      to: 'a@example, b@example；c@example\nd@example',
    };
    expect(isComplete(fields, true)).toBe(true);
    const body = bodyOf(fields, true);
    expect(body).toMatchObject({
      kind: 'email',
      username: null,
      to: ['a@example', 'b@example', 'c@example', 'd@example'],
    });
    expect(body).not.toHaveProperty('password');
    expect(body).not.toHaveProperty('url');
  });
});
