import { useCallback } from 'react';
import { storageScope } from '../../api/session.ts';
import { readLocal, writeLocal } from '../../store/local.ts';
import { Observable, useObservable } from '../../store/observable.ts';

const drafts = new Map<string, Observable<string>>();

/** What was typed and not sent, kept per conversation. */
export function useDraft(conversationId: string): [string, (text: string) => void] {
  const text = useObservable(draftAt(keyOf(conversationId)));
  const change = useCallback((next: string) => writeDraft(conversationId, next), [conversationId]);
  return [text, change];
}

/** Puts a question that was sent back to where it can be changed, before whatever has been typed since. */
export function takeBack(conversationId: string, question: string): void {
  const typed = draftAt(keyOf(conversationId)).get();
  writeDraft(conversationId, typed === '' ? question : `${question}\n${typed}`);
}

function writeDraft(conversationId: string, text: string): void {
  const key = keyOf(conversationId);
  draftAt(key).set(text);
  writeLocal(key, text === '' ? null : text);
}

function draftAt(key: string): Observable<string> {
  let draft = drafts.get(key);
  if (draft === undefined) {
    draft = new Observable(readLocal(key, ''));
    drafts.set(key, draft);
  }
  return draft;
}

function keyOf(conversationId: string): string {
  return `${storageScope()}:draft:${conversationId}`;
}
