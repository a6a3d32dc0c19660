import { expect, test } from 'vitest';
import { channelUnavailable } from '../stores/channel/channel-errors.ts';
import { ChannelWatch } from './channel-watch.ts';

test('a live channel that goes away is told once with what is wrong, and so is its return', () => {
  const told: string[] = [];
  const watch = new ChannelWatch({ warn: (_: object, message: string) => void told.push(message) } as never);
  watch.observe('up', null);
  expect(told).toEqual([]);
  expect(watch.check()).toBeUndefined();
  watch.observe('down', channelUnavailable('127.0.0.1:6379 cannot be reached.'));
  expect(told.at(-1)).toContain('127.0.0.1:6379 cannot be reached.');
  expect(() => watch.check()).toThrow('127.0.0.1:6379 cannot be reached.');
  watch.observe('up', null);
  expect(told.at(-1)).toBe('the live channel is back');
  expect(watch.check()).toBeUndefined();
});
