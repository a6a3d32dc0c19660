import { FIRST_MIGRATION } from './first-migration.ts';

/**
 * The ledger's schema, as steps that only ever append. Portable between SQLite and PostgreSQL: text, bigint and
 * double precision columns, JSON as text, times as integer milliseconds since the epoch.
 *
 * Every table whose rows belong to a tenant carries `workspace_id`; TENANT_TABLES lists them for the scope check.
 */
export interface Migration {
  /** Counts from 1 without gaps; stored as the data folder's schema version. */
  version: number;
  name: string;
  statements: readonly string[];
}

export const TENANT_TABLES = [
  'run',
  'conversation',
  'conversation_item',
  'feedback',
  'knowledge_base',
  'document',
  'knowledge_base_document',
  'file_batch',
  'membership',
  'api_key',
  'marked_request',
  'golden_set',
  'golden_question',
  'evaluation',
] as const;

export const MIGRATIONS: readonly Migration[] = [
  FIRST_MIGRATION,
  {
    version: 2,
    name: 'access-lookups',
    statements: [
      `CREATE INDEX membership_account ON membership (account_id, created_at)`,
      `CREATE INDEX api_key_workspace ON api_key (workspace_id, created_at)`,
      `CREATE INDEX sign_in_session_account ON sign_in_session (account_id)`,
      // When the refresh token was last exchanged: the token before it is honoured for a short grace after that.
      `ALTER TABLE sign_in_session ADD COLUMN rotated_at bigint`,
    ],
  },
  {
    version: 3,
    name: 'held-runs',
    statements: [
      // Everything that an append looks up: whether its owner still holds the run, and under which epoch.
      `CREATE INDEX run_held ON run (owner, id, epoch) WHERE status = 'running'`,
    ],
  },
  {
    version: 4,
    name: 'shared-appends',
    statements: [
      // One row for what a commit appended to many runs; spread over their logs a moment later.
      `CREATE TABLE event_batch (
        owner text NOT NULL,
        number bigint NOT NULL,
        positions text NOT NULL,
        payload text NOT NULL,
        created_at bigint NOT NULL,
        PRIMARY KEY (owner, number)
      )`,
      // Counts how often a run was taken from an owner: while it stands, the owner still holds what it held.
      `CREATE TABLE run_owner (
        id text PRIMARY KEY,
        fence bigint NOT NULL,
        created_at bigint NOT NULL
      )`,
    ],
  },
  {
    version: 5,
    name: 'nodes',
    statements: [
      // A node is a machine with one data folder of its own. Null in rows of programs before this step.
      `ALTER TABLE process ADD COLUMN node text`,
      `ALTER TABLE process ADD COLUMN host text`,
      // Of the settings that all nodes have to share.
      `ALTER TABLE process ADD COLUMN settings_hash text`,
      // Who does what only one process may do, and until when.
      `CREATE TABLE duty (
        name text PRIMARY KEY,
        owner text NOT NULL,
        until bigint NOT NULL
      )`,
    ],
  },
  {
    version: 6,
    name: 'health',
    statements: [
      // What a process last measured of itself, as compact JSON; leaves with the process.
      `ALTER TABLE process ADD COLUMN signals text`,
      // One row for each time that something was wrong; open until it is over.
      `CREATE TABLE alert (
        id text PRIMARY KEY,
        rule text NOT NULL,
        subject text NOT NULL,
        severity text NOT NULL,
        value double precision,
        fired_at bigint NOT NULL,
        resolved_at bigint,
        announced_at bigint,
        last_sent_at bigint,
        recovery_sent_at bigint,
        acknowledged_at bigint,
        acknowledged_by text
      )`,
      `CREATE UNIQUE INDEX alert_firing ON alert (rule, subject) WHERE resolved_at IS NULL`,
      `CREATE INDEX alert_recent ON alert (fired_at)`,
      `CREATE TABLE alert_silence (
        rule text PRIMARY KEY,
        until bigint NOT NULL,
        silenced_by text NOT NULL,
        created_at bigint NOT NULL
      )`,
      // The secrets are sealed with a key of the secret store.
      `CREATE TABLE alert_channel (
        id text PRIMARY KEY,
        kind text NOT NULL,
        name text NOT NULL,
        settings text NOT NULL,
        sealed text NOT NULL,
        min_severity text NOT NULL,
        language text NOT NULL,
        disabled bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
      )`,
    ],
  },
  {
    version: 7,
    name: 'dependencies',
    statements: [
      // Why a question is kept for later, as JSON; null for runs that nothing holds up.
      `ALTER TABLE run ADD COLUMN deferral text`,
      // What was set by hand for the whole installation, each change once: the newest of a dependency counts.
      `CREATE TABLE dependency_override (
        version bigint PRIMARY KEY,
        dependency text NOT NULL,
        forced text NOT NULL,
        note text,
        actor text,
        created_at bigint NOT NULL
      )`,
      // How each process sees what it depends on.
      `CREATE TABLE dependency_report (
        process_id text PRIMARY KEY,
        role text NOT NULL,
        states text NOT NULL,
        reported_at bigint NOT NULL
      )`,
    ],
  },
  {
    version: 8,
    name: 'fair-claims',
    statements: [
      // What waits for a claim, by workspace: the head of each workspace's queue is one step away.
      `CREATE INDEX run_waiting ON run (kind, workspace_id, priority, created_at, id, available_at)
        WHERE owner IS NULL AND status IN ('queued', 'running')`,
      // How much a workspace has under way.
      `CREATE INDEX run_underway ON run (kind, workspace_id) WHERE owner IS NOT NULL AND status = 'running'`,
      // How many answers a worker writes at once. Null for processes that write none.
      `ALTER TABLE process ADD COLUMN answer_slots bigint`,
    ],
  },
  {
    version: 9,
    name: 'one-of-a-subject',
    statements: [
      // Two claims at once may each think theirs the first of its subject; the second to commit is refused.
      `CREATE UNIQUE INDEX run_subject_held ON run (workspace_id, kind, subject_id)
        WHERE owner IS NOT NULL AND subject_id IS NOT NULL`,
    ],
  },
  {
    version: 10,
    name: 'marked-requests',
    statements: [
      // What a request that came with an idempotency key has made: ids, as JSON.
      `CREATE TABLE marked_request (
        workspace_id text NOT NULL,
        request_key text NOT NULL,
        body_hash text NOT NULL,
        made text NOT NULL,
        created_at bigint NOT NULL,
        PRIMARY KEY (workspace_id, request_key)
      )`,
      `CREATE INDEX marked_request_age ON marked_request (created_at)`,
    ],
  },
  {
    version: 11,
    name: 'operators',
    statements: [
      // Who may change what all workspaces share: breakers, alerts and where they go. Null: not so.
      `ALTER TABLE account ADD COLUMN operator bigint`,
      `ALTER TABLE api_key ADD COLUMN operator bigint`,
      // Those who could until now, and for whom the installation was made: the owners of the first workspace.
      `UPDATE account SET operator = 1 WHERE id IN (SELECT account_id FROM membership WHERE role = 'owner'
        AND workspace_id = (SELECT id FROM workspace ORDER BY created_at, id LIMIT 1))`,
      `UPDATE api_key SET operator = 1 WHERE role = 'owner'
        AND workspace_id = (SELECT id FROM workspace ORDER BY created_at, id LIMIT 1)`,
    ],
  },
  {
    version: 12,
    name: 'retention',
    statements: [
      // What is removed some day, the oldest first.
      `CREATE INDEX run_work_ended ON run (finished_at) WHERE kind <> 'answer' AND finished_at IS NOT NULL`,
      `CREATE INDEX run_unstored ON run (finished_at)
        WHERE kind = 'answer' AND finished_at IS NOT NULL AND instr(input, '"store":false') > 0`,
      `CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL`,
    ],
  },
  {
    version: 13,
    name: 'made-by-keys',
    statements: [
      // The key with which a key was made: they are revoked together. Null: made by a person, or before this was noted.
      `ALTER TABLE api_key ADD COLUMN made_by text`,
    ],
  },
  {
    version: 14,
    name: 'backup-results',
    statements: [
      // What came of each snapshot, verification, rehearsal and pruning; the run itself is forgotten sooner.
      `CREATE TABLE backup_result (
        id text PRIMARY KEY,
        task text NOT NULL,
        repository text NOT NULL,
        run_id text UNIQUE,
        occasion text NOT NULL,
        started_at bigint NOT NULL,
        finished_at bigint NOT NULL,
        duration_ms bigint NOT NULL,
        verdict text NOT NULL,
        code text,
        message text,
        evidence text NOT NULL
      )`,
      `CREATE INDEX backup_result_recent ON backup_result (finished_at)`,
    ],
  },
  {
    version: 15,
    name: 'evaluation',
    statements: [
      // Questions with known answers. `knowledge_base_ids` as JSON, null for the workspace's default one.
      `CREATE TABLE golden_set (
        id text PRIMARY KEY,
        workspace_id text NOT NULL,
        name text NOT NULL,
        description text,
        knowledge_base_ids text,
        baseline_id text,
        last_evaluation_id text,
        last_verdict text,
        seen_state text,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
      )`,
      `CREATE UNIQUE INDEX golden_set_name ON golden_set (workspace_id, name)`,
      // A draft waits for a person's approval and is never asked before.
      `CREATE TABLE golden_question (
        id text PRIMARY KEY,
        workspace_id text NOT NULL,
        golden_set_id text NOT NULL,
        question_key text NOT NULL,
        position bigint NOT NULL,
        state text NOT NULL,
        origin text NOT NULL,
        body text NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
      )`,
      `CREATE UNIQUE INDEX golden_question_key ON golden_question (golden_set_id, question_key)`,
      `CREATE INDEX golden_question_order ON golden_question (workspace_id, golden_set_id, position)`,
      // What was found, whole; `summary` is what lists and trends show of it.
      `CREATE TABLE evaluation (
        id text PRIMARY KEY,
        workspace_id text NOT NULL,
        golden_set_id text,
        run_id text NOT NULL,
        occasion text NOT NULL,
        verdict text NOT NULL,
        baseline_id text,
        summary text NOT NULL,
        comparison text NOT NULL,
        result text NOT NULL,
        created_at bigint NOT NULL
      )`,
      `CREATE INDEX evaluation_of_set ON evaluation (workspace_id, golden_set_id, id)`,
    ],
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;
