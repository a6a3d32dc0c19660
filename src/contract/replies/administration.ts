/** What the routes of signing in, of people, keys and workspaces, and of runs answer. */
import { z } from 'zod';
import { LESSER_MODES } from '../answer.ts';
import { WORKSPACE_LIMITS } from '../workspace-limits.ts';
import { Failure, Seconds } from './common.ts';

const AnyRole = z.enum(['reader', 'editor', 'owner']);

const AccountReply = z
  .object({
    id: z.string(),
    username: z.string(),
    display_name: z.string(),
    operator: z.boolean(),
    must_change_password: z.boolean(),
  })
  .meta({ id: 'Account' });
const OwnWorkspaces = z.array(z.object({ id: z.string(), name: z.string(), role: AnyRole }));

export const SignedInReply = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int(),
    account: AccountReply,
    workspaces: OwnWorkspaces,
  })
  .meta({ id: 'SignedIn' });

export const MeReply = z.object({
  account: AccountReply.nullable(),
  workspaces: OwnWorkspaces,
  workspace: z.object({ id: z.string(), name: z.string() }),
  role: AnyRole,
  /** Of the whole installation. */
  operator: z.boolean(),
});

export const PersonReply = z
  .object({
    id: z.string(),
    object: z.literal('user'),
    username: z.string(),
    display_name: z.string(),
    role: AnyRole,
    operator: z.boolean(),
    disabled: z.boolean(),
    must_change_password: z.boolean(),
    created_at: Seconds,
    /** A generated one, told once. */
    password: z.string().optional(),
  })
  .meta({ id: 'User' });

export const KeyReply = z
  .object({
    id: z.string(),
    object: z.literal('api_key'),
    name: z.string(),
    role: AnyRole,
    operator: z.boolean(),
    hint: z.string(),
    account_id: z.string().nullable(),
    created_at: Seconds,
    expires_at: Seconds.nullable(),
    revoked_at: Seconds.nullable(),
    /** The secret, told once. */
    key: z.string().optional(),
  })
  .meta({ id: 'ApiKey' });

export const WorkspaceReply = z
  .object({
    id: z.string(),
    object: z.literal('workspace'),
    name: z.string(),
    allowed_modes: z.array(z.enum(LESSER_MODES)),
    limits: z.object(Object.fromEntries(Object.keys(WORKSPACE_LIMITS).map((name) => [name, z.int()]))),
    role: AnyRole,
    created_at: Seconds,
  })
  .meta({ id: 'Workspace' });

export const RunReply = z
  .object({
    id: z.string(),
    object: z.literal('run'),
    kind: z.string(),
    status: z.enum(['queued', 'running', 'completed', 'incomplete', 'failed', 'cancelled']),
    subject_id: z.string().nullable(),
    owner: z.string().nullable(),
    epoch: z.int(),
    attempts: z.int(),
    max_attempts: z.int(),
    priority: z.int(),
    cancel_requested: z.boolean(),
    last_seq: z.int(),
    failure: Failure.nullable(),
    deferral: z
      .object({
        code: z.string(),
        message: z.string(),
        since: Seconds,
        count: z.int(),
        next_try_at: Seconds.nullable(),
      })
      .nullable(),
    created_at: Seconds,
    started_at: Seconds.nullable(),
    finished_at: Seconds.nullable(),
    deadline_at: Seconds,
    /** Where the run is read alone, by someone who may. */
    input: z.unknown().optional(),
    result: z.unknown().optional(),
  })
  .meta({ id: 'Run' });
