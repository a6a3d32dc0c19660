import { useCallback, useState } from 'react';
import { storageScope } from '../../api/session.ts';
import { readLocal, writeLocal } from '../../store/local.ts';

/** What was typed and not sent, kept per conversation. */
export function useDraft(conversationId: string): [string, (text: string) => void] {
  const key = `${storageScope()}:draft:${conversationId}`;
  const [text, setText] = useState(() => readLocal(key, ''));
  const change = useCallback(
    (next: string) => {
      setText(next);
      writeLocal(key, next === '' ? null : next);
    },
    [key],
  );
  return [text, change];
}
