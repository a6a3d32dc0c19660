import type { StreamEvent } from '../../api/types.ts';
import { Observable } from '../../store/observable.ts';
import { type Answer, applyEvent, emptyAnswer, isFinished } from './answer.ts';

/** Runs `work` soon; many changes before then are shown together. */
export type Schedule = (work: () => void) => void;

/**
 * Every answer that this page knows, by response id, outside of React: an answer goes on growing while
 * another conversation is open.
 */
export class AnswerStore {
  readonly #answers = new Map<string, { latest: Answer; shown: Observable<Answer>; isScheduled: boolean }>();
  readonly #schedule: Schedule;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** What the views read; created empty when nobody knows the answer yet. */
  shown(responseId: string): Observable<Answer> {
    return this.#slot(responseId).shown;
  }

  latest(responseId: string): Answer {
    return this.#slot(responseId).latest;
  }

  /** Takes an answer from the conversation, unless a livelier one is at hand. */
  seed(answer: Answer): void {
    const slot = this.#answers.get(answer.responseId);
    if (
      slot !== undefined &&
      (isFinished(slot.latest) || slot.latest.lastSeq !== null) &&
      !isFinished(answer)
    )
      return;
    this.change(answer.responseId, (old) => ({ ...answer, connection: old.connection }));
  }

  apply(responseId: string, event: StreamEvent): void {
    const slot = this.#slot(responseId);
    slot.latest = applyEvent(slot.latest, event);
    if (isFinished(slot.latest)) slot.shown.set(slot.latest);
    else this.#showSoon(slot);
  }

  change(responseId: string, change: (answer: Answer) => Answer): void {
    const slot = this.#slot(responseId);
    slot.latest = change(slot.latest);
    slot.shown.set(slot.latest);
  }

  #slot(responseId: string) {
    let slot = this.#answers.get(responseId);
    if (slot === undefined) {
      const empty = emptyAnswer(responseId);
      slot = { latest: empty, shown: new Observable(empty), isScheduled: false };
      this.#answers.set(responseId, slot);
    }
    return slot;
  }

  #showSoon(slot: { latest: Answer; shown: Observable<Answer>; isScheduled: boolean }): void {
    if (slot.isScheduled) return;
    slot.isScheduled = true;
    this.#schedule(() => {
      slot.isScheduled = false;
      slot.shown.set(slot.latest);
    });
  }
}

/** Once per frame while the page is visible; a hidden page gets no frames. */
export const onNextFrame: Schedule = (work) => {
  if (document.visibilityState === 'hidden') setTimeout(work, 200);
  else requestAnimationFrame(work);
};
