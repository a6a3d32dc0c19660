/** What an api process knows of the ledger when the ledger is away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readForSearch } from '../knowledge/retrieve/retrieve.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { LedgerWatch, watchReads } from '../ledger/memory/ledger-watch.ts';
import { ReadMemory } from '../ledger/memory/read-memory.ts';
import { type Forgotten, rememberReads, withinReadScope } from '../ledger/memory/remember-reads.ts';
import { scopeSql } from '../ledger/scope.ts';
import type { Channel } from '../runs/channel.ts';
import type { Configuration } from './configuration.ts';

const FORGOTTEN = 'reads.forgotten';
const MIB = 1024 * 1024;
/** Read anew so often within the time for which it may be served, so that a search works throughout. */
const READS_PER_LIFETIME = 4;
/** The knowledge bases that were used last. */
const MAX_KNOWLEDGE_BASES = 20;
/** Between two of them requests come first. */
const PAUSE_MS = 100;

export interface OutageReadsOptions {
  ledger: Ledger;
  channel: Channel;
  settings: Configuration['outage'];
  onError: (error: unknown) => void;
}

export class OutageReads implements Disposable {
  /** For whatever has to know what the ledger says now. */
  readonly ledger: Ledger;
  /** For requests: within their scope it remembers, and recalls. */
  readonly reads: Ledger;
  readonly watch = new LedgerWatch();
  readonly memory: ReadMemory;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();

  constructor({ ledger, channel, settings, onError }: OutageReadsOptions) {
    this.memory = new ReadMemory({
      maxAgeMs: settings.readFromMemoryMs,
      maxBytes: settings.memoryMb * MIB,
    });
    this.ledger = watchReads(ledger, this.watch);
    // A hint: should it be lost, what was revoked elsewhere is served for as long as memory may be, and no longer.
    this.reads = rememberReads(this.ledger, this.memory, (forgotten) =>
      channel.publish(FORGOTTEN, JSON.stringify(forgotten)),
    );
    this.#unsubscribe = channel.subscribe(FORGOTTEN, (message) => {
      for (const { table, workspaceId } of JSON.parse(message) as Forgotten[])
        this.memory.forget(table, workspaceId);
    });
    if (settings.readFromMemoryMs > 0) void this.#keepSearchable(onError);
  }

  /** For how long memory serves on, in ms: all of its time while the ledger answers. */
  get remainingMs(): number {
    return Math.max(0, this.memory.maxAgeMs - (this.watch.awayMs ?? 0));
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#unsubscribe();
  }

  async #keepSearchable(onError: (error: unknown) => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.watch.awayMs === null) await this.#readKnowledgeBases().catch(onError);
      this.memory.forgetExpired();
      // Each process at its own moment.
      const intervalMs = (this.memory.maxAgeMs / READS_PER_LIFETIME) * (0.75 + Math.random() / 2);
      await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #readKnowledgeBases(): Promise<void> {
    const bases = await this.ledger.read.all<{ id: string; workspaceId: string }>(
      `SELECT id, workspace_id AS "workspaceId" FROM knowledge_base
       WHERE deleted_at IS NULL ORDER BY active_at DESC LIMIT :limit`,
      { limit: MAX_KNOWLEDGE_BASES },
    );
    for (const { id, workspaceId } of bases) {
      if (this.#closing.signal.aborted) return;
      const scope = { remembers: true, mayRecall: false, recalledAgeMs: null };
      await withinReadScope(scope, () => readForSearch(scopeSql(this.reads.read, workspaceId), id));
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
  }
}
