/** Which tables of the ledger a snapshot takes, each with its primary key, and which it leaves, with the reason. */

export interface SourceTable {
  name: string;
  /** In the order of the key's columns; rows are taken in this order. */
  key: readonly [string, ...string[]];
}

/** Whoever restores fills them in this order. */
export const SOURCE_TABLES: readonly SourceTable[] = [
  { name: 'setting', key: ['name'] },
  { name: 'workspace', key: ['id'] },
  { name: 'account', key: ['id'] },
  { name: 'membership', key: ['workspace_id', 'account_id'] },
  { name: 'api_key', key: ['id'] },
  { name: 'conversation', key: ['id'] },
  { name: 'conversation_item', key: ['id'] },
  { name: 'feedback', key: ['run_id', 'account_id'] },
  { name: 'knowledge_base', key: ['id'] },
  { name: 'document', key: ['id'] },
  { name: 'knowledge_base_document', key: ['knowledge_base_id', 'document_id'] },
  { name: 'file_batch', key: ['id'] },
  { name: 'golden_set', key: ['id'] },
  { name: 'golden_question', key: ['id'] },
  { name: 'evaluation', key: ['id'] },
  { name: 'run', key: ['id'] },
  { name: 'event', key: ['run_id', 'seq'] },
  // Events of runs under way that have not reached their own logs yet.
  { name: 'event_batch', key: ['owner', 'number'] },
  // A client that repeats its request after a restore finds what it made before.
  { name: 'marked_request', key: ['workspace_id', 'request_key'] },
  { name: 'alert', key: ['id'] },
  { name: 'alert_silence', key: ['rule'] },
  { name: 'alert_channel', key: ['id'] },
  { name: 'dependency_override', key: ['version'] },
  { name: 'backup_result', key: ['id'] },
];

/** Of the moment, or of one machine. */
export const LEFT_TABLES: Readonly<Record<string, string>> = {
  process: 'processes of the installation that was copied; the restored one lists its own',
  run_owner: 'fences of processes that are gone; every lease ends with a restore',
  duty: 'who does what only one may do, for seconds',
  dependency_report: 'what living processes see, for seconds',
  sign_in_session: 'sessions end with a restore: people sign in again',
};

export function sourceTable(name: string): SourceTable {
  const table = SOURCE_TABLES.find((one) => one.name === name);
  if (table === undefined) throw new Error(`${name} is no table that snapshots take`);
  return table;
}
