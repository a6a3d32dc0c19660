import { reachable } from '../../api/connectivity.ts';
import { session, storageScope } from '../../api/session.ts';
import { ConversationIndex } from '../conversations/conversation-index.ts';
import { ChatEngine } from './chat-engine.ts';

interface Current {
  scope: string;
  engine: ChatEngine;
  index: ConversationIndex;
}

let current: Current | null = null;

/** The engine of whoever is signed in; another person or workspace gets a fresh one. */
export function currentChat(): Current {
  const scope = storageScope();
  if (current?.scope === scope) return current;
  current?.engine[Symbol.dispose]();
  const engine = new ChatEngine(scope);
  const index = new ConversationIndex();
  engine.onConversationTouched = (id, question, responseId) => index.touch(id, question, responseId);
  engine.onConversationSettled = () => void index.reload();
  current = { scope, engine, index };
  return current;
}

reachable.subscribe(() => {
  if (reachable.get()) current?.engine.resendUnreached();
});

let lastGeneration = session.get().generation;
session.subscribe(() => {
  const { generation, status } = session.get();
  if (status === 'signed-out' || generation === lastGeneration) return;
  lastGeneration = generation;
  if (current?.scope === storageScope()) current.engine.resendUnreached();
});
