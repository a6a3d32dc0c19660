import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Outbox, type Outgoing } from './outbox.ts';

const entry = (key: string): Outgoing => ({
  key,
  conversationId: null,
  text: '问',
  knowledgeBaseIds: null,
  replacesResponseId: null,
  createdAt: 1,
});

describe('questions that are not sent yet', () => {
  beforeEach(() => {
    const stored = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    });
  });

  it('survive a reload with the same idempotency key, so that they are asked once', () => {
    new Outbox('me').put(entry('k1'));
    expect(new Outbox('me').entries()).toEqual([entry('k1')]);
  });

  it('are not seen by another person at the same machine', () => {
    new Outbox('me').put(entry('k1'));
    expect(new Outbox('you').entries()).toEqual([]);
  });

  it('are gone once the server has them', () => {
    const outbox = new Outbox('me');
    outbox.put(entry('k1'));
    outbox.remove('k1');
    expect(new Outbox('me').entries()).toEqual([]);
  });
});
