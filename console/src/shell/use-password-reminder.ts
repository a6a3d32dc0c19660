import { useState } from 'react';
import type { Account } from '../api/types.ts';
import { readLocal, writeLocal } from '../store/local.ts';

const askAgainAfterMs = 24 * 60 * 60_000;

/** Whether to ask for a password of one's own: at the first sign-in, and after 'later' not before the next day. */
export function usePasswordReminder(account: Account | null) {
  const key = `${account?.id ?? 'nobody'}:password-postponed-at`;
  const [postponedAt, setPostponedAt] = useState(() => readLocal(key, 0));
  const isDue = account?.must_change_password === true && Date.now() - postponedAt > askAgainAfterMs;
  const postpone = () => {
    writeLocal(key, Date.now());
    setPostponedAt(Date.now());
  };
  return { isDue, postpone };
}
