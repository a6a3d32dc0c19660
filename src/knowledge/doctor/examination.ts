import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql, SqlParams } from '../../ledger/ledger.ts';
import type { BlobStore, ChunkIndex, Embedder } from '../ports.ts';
import type { Finding } from './finding.ts';

/** What doctor looks into. Every process that has these may examine, whether the service runs or not. */
export interface DoctorStores {
  ledger: Ledger;
  blobs: BlobStore;
  derived: BlobStore;
  index: ChunkIndex;
  embedder: Embedder | null;
}

export interface ExamineOptions {
  /** Repairs what is derived and tidies up; what only people can decide stays. */
  fix: boolean;
  /** Reads every blob again and compares its hash. */
  deep?: boolean;
  /** Only what is cheap enough for every start. */
  quick?: boolean;
  /** The engine's own check of the ledger is done by the caller. */
  withoutLedger?: boolean;
  /** For time limits; milliseconds since the epoch. */
  now?: number;
}

/** Younger things may belong to somebody who has not come to naming them yet. */
export const UNNAMED_GRACE_MS = 60 * 60_000;
/** How long the bytes of a deleted document are kept, for a change of mind and for snapshots that name them. */
export const DELETED_DOCUMENT_GRACE_MS = 30 * 24 * 60 * 60_000;

/** How much was looked at. */
export interface Checked {
  documents: number;
  blobs: number;
  chunks: number;
  /** Searches for text that is known to be there. */
  samples: number;
}

/** One examination under way: collects findings, and repairs where it may. */
export class Examination {
  readonly stores: DoctorStores;
  readonly options: ExamineOptions;
  readonly now: number;
  readonly findings: Finding[] = [];
  readonly checked: Checked = { documents: 0, blobs: 0, chunks: 0, samples: 0 };

  constructor(stores: DoctorStores, options: ExamineOptions) {
    this.stores = stores;
    this.options = options;
    this.now = options.now ?? ledgerTime();
  }

  all<Row>(statement: string, params?: SqlParams): Promise<Row[]> {
    return this.stores.ledger.read.all<Row>(statement, params);
  }

  /** Notes what was found, after its repair where there is one. A repair that throws is a finding of its own kind. */
  async report(finding: Omit<Finding, 'fixed'>, repair?: () => Promise<unknown>): Promise<void> {
    if (repair === undefined || !this.options.fix) {
      this.findings.push({ ...finding, fixed: false });
      return;
    }
    try {
      await repair();
      this.findings.push({ ...finding, fixed: true });
    } catch (error) {
      const action = `${finding.action} That failed: ${error instanceof Error ? error.message : String(error)}`;
      this.findings.push({ ...finding, action, fixed: false });
    }
  }

  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.stores.ledger.transaction(work);
  }
}

/** Open runs of these kinds, by what they are about. */
export async function openRuns(
  sql: Sql,
  kinds: readonly string[],
): Promise<{ id: string; kind: string; subject_id: string | null }[]> {
  const open = await sql.all<{ id: string; kind: string; subject_id: string | null }>(
    `SELECT id, kind, subject_id FROM run WHERE status IN ('queued', 'running')`,
  );
  return open.filter((run) => kinds.includes(run.kind));
}
