import { ApiError } from '../../api/api-error.ts';
import { listItems } from '../../api/conversations.ts';
import { Observable } from '../../store/observable.ts';
import { isFinished } from './answer.ts';
import { AnswerStore, onNextFrame, type Schedule } from './answer-store.ts';
import { Delivery } from './delivery.ts';
import { Outbox, type Outgoing, sendsItselfForMs } from './outbox.ts';
import { emptyThread, mergeTurns, type Thread, type Turn, turnsFromItems } from './thread.ts';

/** The thread of a conversation that does not exist yet. */
export const NEW_THREAD = 'new';

export interface Asking {
  text: string;
  knowledgeBaseIds: string[] | null;
}

/** Conversations and answers of one person in one workspace; the views only read from it and call it. */
export class ChatEngine implements Disposable {
  readonly answers: AnswerStore;
  readonly outbox: Outbox;
  /** The conversation that a first question has brought to life, until a view has followed it there. */
  readonly created = new Observable<string | null>(null);
  /** Called when a conversation came to exist or got a new turn. */
  onConversationTouched: (conversationId: string, question: string, responseId: string | null) => void =
    () => {};
  onConversationSettled: () => void = () => {};
  readonly #threads = new Map<string, Observable<Thread>>();
  readonly #delivery: Delivery;
  readonly #leaving = new AbortController();

  constructor(scope: string, schedule: Schedule = onNextFrame) {
    this.answers = new AnswerStore(schedule);
    this.outbox = new Outbox(scope);
    this.#delivery = new Delivery({
      answers: this.answers,
      leaving: this.#leaving.signal,
      onConversationCreated: (entry, id) => this.#moveToConversation(entry, id),
      onAccepted: (entry, responseId) => this.#accepted(entry, responseId),
      onSettled: () => this.onConversationSettled(),
    });
    for (const entry of this.outbox.entries()) this.#restore(entry);
  }

  thread(conversationId: string): Observable<Thread> {
    let thread = this.#threads.get(conversationId);
    if (thread === undefined) {
      thread = new Observable<Thread>(
        conversationId === NEW_THREAD ? emptyThread : { status: 'loading', error: null, turns: [] },
      );
      this.#threads.set(conversationId, thread);
    }
    return thread;
  }

  /** Reads the conversation again and follows what is still being written. */
  async open(conversationId: string): Promise<void> {
    if (conversationId === NEW_THREAD) return;
    const thread = this.thread(conversationId);
    const confirmedBefore = new Set(
      thread.get().turns.flatMap((turn) => (turn.outgoing === null ? [turn.key] : [])),
    );
    try {
      const items = await listItems(conversationId, this.#leaving.signal);
      const { turns, answers } = turnsFromItems(items);
      for (const answer of answers) this.answers.seed(answer);
      const merged = mergeTurns(turns, thread.get().turns, confirmedBefore);
      thread.set({ status: 'ready', error: null, turns: merged });
      for (const turn of merged) if (turn.responseId !== null) this.follow(turn.responseId);
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      thread.update((old) => ({ ...old, status: old.turns.length > 0 ? 'ready' : 'failed', error }));
    }
  }

  follow(responseId: string): void {
    if (!responseId.startsWith('item:') && !isFinished(this.answers.latest(responseId))) {
      this.#delivery.follow(responseId);
    }
  }

  ask(conversationId: string, asking: Asking): void {
    const entry: Outgoing = {
      key: freshKey(),
      conversationId: conversationId === NEW_THREAD ? null : conversationId,
      ...asking,
      replacesResponseId: null,
      createdAt: Date.now(),
    };
    this.#addTurn(entry);
    void this.send(entry);
  }

  regenerate(conversationId: string, turn: Turn, knowledgeBaseIds: string[] | null): void {
    if (turn.responseId === null) return;
    const entry: Outgoing = {
      key: freshKey(),
      conversationId,
      text: turn.question,
      knowledgeBaseIds,
      replacesResponseId: turn.responseId,
      createdAt: Date.now(),
    };
    this.#changeTurn(conversationId, turn.key, (old) => ({ ...old, outgoing: entry, sendError: null }));
    void this.send(entry);
  }

  /** Sends, or sends again with the same key: the server asks it once. */
  async send(entry: Outgoing): Promise<void> {
    this.outbox.put(entry);
    this.#changeOutgoing(entry, (turn) => ({ ...turn, sendError: null }));
    try {
      await this.#delivery.send(entry);
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      this.#changeOutgoing(entry, (turn) => ({ ...turn, sendError: error }));
    }
  }

  /** Gives up on a question that could not be sent; its text goes back to the person. */
  withdraw(entry: Outgoing): void {
    this.outbox.remove(entry.key);
    for (const thread of this.#threads.values()) {
      thread.update((old) => ({
        ...old,
        turns: old.turns.flatMap((turn) => {
          if (turn.outgoing?.key !== entry.key) return [turn];
          return turn.responseId === null ? [] : [{ ...turn, outgoing: null, sendError: null }];
        }),
      }));
    }
  }

  /** Everything that failed only because nobody answered is sent once more. */
  resendUnreached(): void {
    for (const thread of this.#threads.values()) {
      for (const { outgoing, sendError } of thread.get().turns) {
        const isPassing = sendError instanceof ApiError && !sendError.isFinal;
        if (outgoing !== null && isPassing) void this.send(outgoing);
      }
    }
  }

  stop(turn: Turn): void {
    this.#delivery.stop(turn.outgoing, turn.responseId);
  }

  forget(conversationId: string): void {
    this.#threads.delete(conversationId);
  }

  [Symbol.dispose](): void {
    this.#leaving.abort();
  }

  #restore(entry: Outgoing): void {
    const isRecent = Date.now() - entry.createdAt < sendsItselfForMs;
    this.#addTurn(entry);
    if (isRecent) void this.send(entry);
    else
      this.#changeOutgoing(entry, (turn) => ({
        ...turn,
        sendError: new ApiError(0, 'not_sent', 'Not sent yet.'),
      }));
  }

  #addTurn(entry: Outgoing): void {
    const thread = this.thread(entry.conversationId ?? NEW_THREAD);
    const turn: Turn = {
      key: entry.key,
      question: entry.text,
      responseId: entry.replacesResponseId,
      outgoing: entry,
      sendError: null,
    };
    thread.update((old) => ({ ...old, turns: [...old.turns, turn] }));
  }

  #moveToConversation(entry: Outgoing, conversationId: string): void {
    const fresh = this.thread(NEW_THREAD);
    const moved = fresh.get().turns.filter((turn) => turn.outgoing?.key === entry.key);
    entry.conversationId = conversationId;
    this.outbox.put(entry);
    this.thread(conversationId).update((old) => ({
      ...old,
      status: 'ready',
      turns: [...old.turns, ...moved],
    }));
    fresh.update((old) => ({ ...old, turns: old.turns.filter((turn) => turn.outgoing?.key !== entry.key) }));
    this.onConversationTouched(conversationId, entry.text, null);
    this.created.set(conversationId);
  }

  #accepted(entry: Outgoing, responseId: string): void {
    this.outbox.remove(entry.key);
    this.#changeOutgoing(entry, (turn) => ({ ...turn, responseId, outgoing: null, sendError: null }));
    if (entry.conversationId !== null)
      this.onConversationTouched(entry.conversationId, entry.text, responseId);
  }

  #changeOutgoing(entry: Outgoing, change: (turn: Turn) => Turn): void {
    for (const thread of this.#threads.values()) {
      if (!thread.get().turns.some((turn) => turn.outgoing?.key === entry.key)) continue;
      thread.update((old) => ({
        ...old,
        turns: old.turns.map((turn) => (turn.outgoing?.key === entry.key ? change(turn) : turn)),
      }));
    }
  }

  #changeTurn(conversationId: string, key: string, change: (turn: Turn) => Turn): void {
    this.thread(conversationId).update((old) => ({
      ...old,
      turns: old.turns.map((turn) => (turn.key === key ? change(turn) : turn)),
    }));
  }
}

/** Pages that are not served over HTTPS or from this machine have no randomUUID. */
function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
