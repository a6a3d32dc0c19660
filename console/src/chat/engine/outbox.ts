import { readLocal, writeLocal } from '../../store/local.ts';

/** A question on its way to the server. It is kept in the browser until the server has said that it has it. */
export interface Outgoing {
  /** Idempotency key: the same question sent twice is asked once. */
  key: string;
  conversationId: string | null;
  text: string;
  knowledgeBaseIds: string[] | null;
  replacesResponseId: string | null;
  createdAt: number;
}

/** Older ones are not sent by themselves after a reload: the person may have forgotten them. */
export const sendsItselfForMs = 10 * 60_000;
const maxKept = 20;

export class Outbox {
  readonly #storageKey: string;
  #entries: Outgoing[];

  constructor(scope: string) {
    this.#storageKey = `${scope}:outbox`;
    this.#entries = readLocal<Outgoing[]>(this.#storageKey, []);
  }

  entries(): readonly Outgoing[] {
    return this.#entries;
  }

  put(entry: Outgoing): void {
    this.#entries = [...this.#entries.filter(({ key }) => key !== entry.key), entry].slice(-maxKept);
    writeLocal(this.#storageKey, this.#entries);
  }

  remove(key: string): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
    writeLocal(this.#storageKey, this.#entries.length === 0 ? null : this.#entries);
  }
}
