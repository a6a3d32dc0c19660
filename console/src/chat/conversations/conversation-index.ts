import { listConversations } from '../../api/conversations.ts';
import type { Conversation } from '../../api/types.ts';
import { Observable } from '../../store/observable.ts';

export interface IndexState {
  status: 'loading' | 'ready' | 'failed';
  error: unknown;
  conversations: Conversation[];
  hasMore: boolean;
}

const pageSize = 40;

/** The list at the side, newest first. */
export class ConversationIndex {
  readonly state = new Observable<IndexState>({
    status: 'loading',
    error: null,
    conversations: [],
    hasMore: false,
  });
  #reloading: AbortController | null = null;

  async reload(): Promise<void> {
    this.#reloading?.abort();
    const controller = new AbortController();
    this.#reloading = controller;
    const limit = Math.min(Math.max(pageSize, this.state.get().conversations.length), 100);
    try {
      const list = await listConversations({ limit, signal: controller.signal });
      this.state.set({
        status: 'ready',
        error: null,
        conversations: list.data,
        hasMore: list.has_more === true,
      });
    } catch (error) {
      if (controller.signal.aborted) return;
      this.state.update((old) => ({
        ...old,
        status: old.conversations.length > 0 ? 'ready' : 'failed',
        error,
      }));
    }
  }

  async loadMore(): Promise<void> {
    const after = this.state.get().conversations.at(-1)?.id ?? null;
    const list = await listConversations({ limit: pageSize, after });
    this.state.update((old) => {
      const known = new Set(old.conversations.map(({ id }) => id));
      const fresh = list.data.filter(({ id }) => !known.has(id));
      return { ...old, conversations: [...old.conversations, ...fresh], hasMore: list.has_more === true };
    });
  }

  /** A conversation got a question: it goes to the top, before the server has said so. */
  touch(id: string, question: string, responseId: string | null): void {
    const nowSeconds = Math.floor(Date.now() / 1000);
    this.state.update((old) => {
      const known = old.conversations.find((conversation) => conversation.id === id);
      const title = known?.title || question.slice(0, 80);
      const touched: Conversation = {
        ...(known ?? { id, created_at: nowSeconds }),
        updated_at: nowSeconds,
        title,
        active_response_id: responseId,
      };
      return { ...old, conversations: [touched, ...old.conversations.filter((other) => other.id !== id)] };
    });
  }

  rename(id: string, title: string): void {
    this.state.update((old) => ({
      ...old,
      conversations: old.conversations.map((other) => (other.id === id ? { ...other, title } : other)),
    }));
  }

  remove(id: string): void {
    this.state.update((old) => ({
      ...old,
      conversations: old.conversations.filter((other) => other.id !== id),
    }));
  }
}
