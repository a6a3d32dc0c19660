import type { ErrorCode } from '../contract/error-codes.ts';
import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import type { AccessTokens } from './access-tokens.ts';
import { looksLikeToken } from './credential-form.ts';
import { hashCredential, sameHash } from './credential-hash.ts';
import { lowerRole, type Principal, type Role } from './principal.ts';

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

const MAX_CREDENTIAL_CHARACTERS = 4_096;

type KeyRow = {
  id: string;
  workspace_id: string;
  account_id: string | null;
  role: Role;
  key_hash: string;
  expires_at: number | null;
  revoked_at: number | null;
  operator: number | null;
  disabled: number | null;
  account_operator: number | null;
  member_role: Role | null;
};

type MemberRow = {
  expires_at: number;
  revoked_at: number | null;
  disabled: number;
  operator: number | null;
  workspace_id: string | null;
  role: Role | null;
};

const KEY = `SELECT k.id, k.workspace_id, k.account_id, k.role, k.key_hash, k.expires_at, k.revoked_at, k.operator,
    a.disabled, a.operator AS account_operator, m.role AS member_role
  FROM api_key k LEFT JOIN account a ON a.id = k.account_id
  LEFT JOIN membership m ON m.workspace_id = k.workspace_id AND m.account_id = k.account_id
  WHERE k.key_hash = :hash`;

const MEMBER_COLUMNS = `SELECT s.expires_at, s.revoked_at, a.disabled, a.operator, m.workspace_id, m.role
  FROM sign_in_session s JOIN account a ON a.id = s.account_id`;
const MEMBER_OF_FIRST = `${MEMBER_COLUMNS} LEFT JOIN membership m ON m.account_id = a.id
  WHERE s.id = :session AND s.account_id = :account ORDER BY m.created_at, m.workspace_id LIMIT 1`;
const MEMBER_OF_WANTED = `${MEMBER_COLUMNS} LEFT JOIN membership m ON m.account_id = a.id AND m.workspace_id = :wanted
  WHERE s.id = :session AND s.account_id = :account`;

/** Finds out who sends a request, by one indexed read, so that what is revoked is felt at once by every process. */
export class Authenticator {
  readonly #read: Sql;
  readonly #tokens: AccessTokens;
  readonly #now: () => number;

  constructor(ledger: Ledger, tokens: AccessTokens, now: () => number) {
    this.#read = ledger.read;
    this.#tokens = tokens;
    this.#now = now;
  }

  /**
   * @throws BudaoError missing_credentials, invalid_api_key, expired_api_key, revoked_api_key, invalid_token,
   *   expired_token, workspace_forbidden
   */
  async authenticate(headers: RequestHeaders): Promise<Principal> {
    const credential = readBearer(headers.authorization);
    const wanted = readWorkspace(headers['x-budao-workspace']);
    return looksLikeToken(credential) ? this.#session(credential, wanted) : this.#key(credential, wanted);
  }

  async #key(key: string, wanted: string | null): Promise<Principal> {
    const hash = hashCredential(key);
    const row = await this.#read.get<KeyRow>(KEY, { hash });
    if (row === undefined || !sameHash(hash, row.key_hash)) {
      throw refuse(
        'invalid_api_key',
        'Incorrect API key provided. Check it for typing errors, or ask an owner for a new one.',
      );
    }
    if (row.revoked_at !== null)
      throw refuse('revoked_api_key', 'This API key was revoked. Ask an owner for a new one.');
    if (row.expires_at !== null && row.expires_at <= this.#now()) {
      throw refuse('expired_api_key', 'This API key has expired. Ask an owner for a new one.');
    }
    let { role } = row;
    let isOperator = row.operator === 1;
    if (row.account_id !== null) {
      // A key is its maker's deputy: it never does what its maker may not.
      if (row.disabled !== 0 || row.member_role === null) {
        throw refuse(
          'revoked_api_key',
          'The account that made this API key no longer has access. Ask an owner for a new key.',
        );
      }
      role = lowerRole(role, row.member_role);
      isOperator &&= row.account_operator === 1;
    }
    if (wanted !== null && wanted !== row.workspace_id)
      throw workspaceForbidden('This API key belongs to another workspace');
    const { id: keyId, account_id: accountId, workspace_id: workspaceId } = row;
    return { accountId, keyId, workspaceId, role, isOperator, kind: 'key' };
  }

  async #session(token: string, wanted: string | null): Promise<Principal> {
    const { accountId, sessionId } = await this.#tokens.verify(token);
    const params = { session: sessionId, account: accountId };
    const row =
      wanted === null
        ? await this.#read.get<MemberRow>(MEMBER_OF_FIRST, params)
        : await this.#read.get<MemberRow>(MEMBER_OF_WANTED, { ...params, wanted });
    if (row === undefined || row.revoked_at !== null || row.expires_at <= this.#now() || row.disabled !== 0) {
      throw refuse('invalid_token', 'This session has ended. Sign in again.');
    }
    if (row.workspace_id === null || row.role === null)
      throw workspaceForbidden('Your account is not a member of this workspace');
    return {
      accountId,
      keyId: null,
      workspaceId: row.workspace_id,
      role: row.role,
      isOperator: row.operator === 1,
      kind: 'session',
      sessionId,
    };
  }
}

function readBearer(header: string | string[] | undefined): string {
  const value = typeof header === 'string' ? header.trim() : '';
  const credential = /^bearer +(\S+)$/i.exec(value)?.[1];
  if (credential === undefined || credential.length > MAX_CREDENTIAL_CHARACTERS) {
    throw refuse(
      'missing_credentials',
      'You did not provide an API key. Send it in an Authorization header: Authorization: Bearer YOUR_KEY.',
    );
  }
  return credential;
}

function readWorkspace(header: string | string[] | undefined): string | null {
  const value = typeof header === 'string' ? header.trim() : '';
  return value === '' ? null : value;
}

function refuse(code: ErrorCode, message: string): BudaoError {
  return new BudaoError('unauthenticated', code, message);
}

function workspaceForbidden(reason: string): BudaoError {
  return new BudaoError(
    'forbidden',
    'workspace_forbidden',
    `${reason}. Leave the X-Budao-Workspace header out, or name one of the workspaces from GET /auth/me.`,
  );
}
