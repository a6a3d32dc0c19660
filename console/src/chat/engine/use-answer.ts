import { useSyncExternalStore } from 'react';
import { useObservable } from '../../store/observable.ts';
import { type Answer, isFinished } from './answer.ts';
import { currentChat } from './current-engine.ts';
import type { Turn } from './thread.ts';

const NOBODY = '';

export function useAnswer(responseId: string | null): Answer {
  return useObservable(currentChat().engine.answers.shown(responseId ?? NOBODY));
}

/** True from the moment of asking until the answer is finished or could not be asked for. */
export function useIsBusy(turn: Turn | undefined): boolean {
  const shown = currentChat().engine.answers.shown(turn?.responseId ?? NOBODY);
  // Only the end matters here: a reader of the whole answer would be drawn again with every frame.
  const isOver = useSyncExternalStore(shown.subscribe, () => isFinished(shown.get()));
  if (turn === undefined) return false;
  if (turn.outgoing !== null) return turn.sendError === null;
  return turn.responseId !== null && !isOver;
}
