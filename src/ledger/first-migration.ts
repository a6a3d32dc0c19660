import type { Migration } from './schema.ts';

/** The tables of the first version. */
export const FIRST_MIGRATION: Migration = {
  version: 1,
  name: 'first',
  statements: [
    `CREATE TABLE setting (
      name text PRIMARY KEY,
      value text NOT NULL,
      updated_at bigint NOT NULL
    )`,
    `CREATE TABLE process (
      id text PRIMARY KEY,
      pid bigint NOT NULL,
      role text NOT NULL,
      version text NOT NULL,
      started_at bigint NOT NULL,
      seen_at bigint NOT NULL
    )`,
    `CREATE TABLE run (
      id text PRIMARY KEY,
      kind text NOT NULL,
      workspace_id text NOT NULL,
      subject_id text,
      input text NOT NULL,
      status text NOT NULL,
      owner text,
      epoch bigint NOT NULL,
      lease_until bigint NOT NULL,
      attempts bigint NOT NULL,
      max_attempts bigint NOT NULL,
      priority bigint NOT NULL,
      available_at bigint NOT NULL,
      deadline_at bigint NOT NULL,
      cancel_requested bigint NOT NULL,
      last_seq bigint NOT NULL,
      idempotency_key text,
      result text,
      failure text,
      created_at bigint NOT NULL,
      started_at bigint,
      finished_at bigint,
      compacted_at bigint
    )`,
    `CREATE UNIQUE INDEX run_idempotency ON run (workspace_id, kind, idempotency_key)
      WHERE idempotency_key IS NOT NULL`,
    `CREATE INDEX run_open ON run (kind, priority, created_at) WHERE status IN ('queued', 'running')`,
    `CREATE INDEX run_subject ON run (workspace_id, subject_id, created_at)`,
    `CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL AND compacted_at IS NULL`,
    `CREATE TABLE event (
      run_id text NOT NULL,
      seq bigint NOT NULL,
      epoch bigint NOT NULL,
      type text NOT NULL,
      payload text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (run_id, seq)
    )`,

    `CREATE TABLE workspace (
      id text PRIMARY KEY,
      name text NOT NULL,
      settings text NOT NULL,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE account (
      id text PRIMARY KEY,
      username text NOT NULL UNIQUE,
      display_name text NOT NULL,
      password_hash text NOT NULL,
      password_changed_at bigint NOT NULL,
      disabled bigint NOT NULL,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE membership (
      workspace_id text NOT NULL,
      account_id text NOT NULL,
      role text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (workspace_id, account_id)
    )`,
    `CREATE TABLE sign_in_session (
      id text PRIMARY KEY,
      account_id text NOT NULL,
      refresh_hash text NOT NULL,
      previous_refresh_hash text,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL,
      revoked_at bigint
    )`,
    `CREATE TABLE api_key (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      account_id text,
      name text NOT NULL,
      role text NOT NULL,
      key_hash text NOT NULL UNIQUE,
      hint text NOT NULL,
      created_at bigint NOT NULL,
      expires_at bigint,
      revoked_at bigint
    )`,

    `CREATE TABLE conversation (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      account_id text,
      title text,
      metadata text NOT NULL,
      created_at bigint NOT NULL,
      updated_at bigint NOT NULL,
      deleted_at bigint
    )`,
    `CREATE INDEX conversation_recent ON conversation (workspace_id, updated_at)`,
    // An answer's row is reserved with its question; its content is the run's result.
    `CREATE TABLE conversation_item (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      conversation_id text NOT NULL,
      position bigint NOT NULL,
      type text NOT NULL,
      role text,
      content text,
      run_id text,
      created_at bigint NOT NULL,
      deleted_at bigint
    )`,
    `CREATE UNIQUE INDEX conversation_item_position ON conversation_item (conversation_id, position)`,
    `CREATE INDEX conversation_item_run ON conversation_item (run_id)`,
    `CREATE TABLE feedback (
      run_id text NOT NULL,
      workspace_id text NOT NULL,
      account_id text NOT NULL,
      rating text NOT NULL,
      comment text,
      created_at bigint NOT NULL,
      PRIMARY KEY (run_id, account_id)
    )`,

    `CREATE TABLE knowledge_base (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      name text NOT NULL,
      description text,
      is_default bigint NOT NULL,
      generation text NOT NULL,
      next_generation text,
      metadata text NOT NULL,
      created_at bigint NOT NULL,
      active_at bigint NOT NULL,
      expires_after text,
      deleted_at bigint
    )`,
    `CREATE INDEX knowledge_base_workspace ON knowledge_base (workspace_id, created_at)`,
    `CREATE TABLE document (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      account_id text,
      filename text NOT NULL,
      purpose text NOT NULL,
      bytes bigint NOT NULL,
      sha256 text NOT NULL,
      created_at bigint NOT NULL,
      deleted_at bigint
    )`,
    `CREATE INDEX document_workspace ON document (workspace_id, created_at)`,
    `CREATE INDEX document_blob ON document (sha256)`,
    `CREATE TABLE knowledge_base_document (
      knowledge_base_id text NOT NULL,
      document_id text NOT NULL,
      workspace_id text NOT NULL,
      batch_id text,
      attributes text NOT NULL,
      chunking text NOT NULL,
      status text NOT NULL,
      run_id text,
      failure text,
      summary text,
      chunks bigint NOT NULL,
      created_at bigint NOT NULL,
      updated_at bigint NOT NULL,
      PRIMARY KEY (knowledge_base_id, document_id)
    )`,
    `CREATE INDEX knowledge_base_document_document ON knowledge_base_document (document_id)`,
    `CREATE TABLE file_batch (
      id text PRIMARY KEY,
      workspace_id text NOT NULL,
      knowledge_base_id text NOT NULL,
      cancelled_at bigint,
      created_at bigint NOT NULL
    )`,
  ],
};
