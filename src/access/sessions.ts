/** Sessions of people: a refresh token that is exchanged at each use, and notices when somebody else uses it too. */
import { createHmac, randomBytes } from 'node:crypto';
import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { hashCredential, sameHash } from './credential-hash.ts';

/** For an answer that was lost on its way, and for two tabs that refresh at once. */
export const ROTATION_GRACE_MS = 10_000;
export const SESSION_IDLE_MS = 7 * 24 * 3_600_000;
export const SESSION_MAX_MS = 30 * 24 * 3_600_000;
const MAX_SESSIONS_PER_ACCOUNT = 50;
const REFRESH_TOKEN = /^(sess_[a-z0-9]{1,60})\.([\w-]{43})$/;

export interface OpenSession {
  sessionId: string;
  accountId: string;
  refreshToken: string;
  /** When the refresh token is worth nothing any more. Milliseconds since the epoch. */
  expiresAt: number;
}

type SessionRow = {
  account_id: string;
  refresh_hash: string;
  previous_refresh_hash: string | null;
  rotated_at: number | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  disabled: number;
};

export class Sessions {
  readonly #ledger: Ledger;
  readonly #chainKey: Uint8Array;
  readonly #now: () => number;

  constructor(ledger: Ledger, chainKey: Uint8Array, now: () => number) {
    this.#ledger = ledger;
    this.#chainKey = chainKey;
    this.#now = now;
  }

  async open(tx: Sql, accountId: string): Promise<OpenSession> {
    const now = this.#now();
    const sessionId = newId('session');
    const refreshToken = `${sessionId}.${randomBytes(32).toString('base64url')}`;
    const expiresAt = now + SESSION_IDLE_MS;
    await tx.run(
      `INSERT INTO sign_in_session (id, account_id, refresh_hash, created_at, expires_at)
       VALUES (:id, :account, :hash, :now, :expiresAt)`,
      { id: sessionId, account: accountId, hash: hashCredential(refreshToken), now, expiresAt },
    );
    await tx.run(
      `DELETE FROM sign_in_session WHERE account_id = :account AND (expires_at <= :now OR id NOT IN (
         SELECT id FROM sign_in_session WHERE account_id = :account
         ORDER BY created_at DESC, id DESC LIMIT ${MAX_SESSIONS_PER_ACCOUNT}))`,
      { account: accountId, now },
    );
    return { sessionId, accountId, refreshToken, expiresAt };
  }

  /**
   * Exchanges a refresh token for its successor. The successor follows from the token under a key, so whoever
   * repeats the exchange within the grace gets the same one.
   * @throws BudaoError session_ended
   */
  async refresh(refreshToken: string): Promise<OpenSession> {
    const sessionId = REFRESH_TOKEN.exec(refreshToken)?.[1];
    if (sessionId === undefined) throw sessionEnded();
    const session = await this.#ledger.transaction((tx) => this.#exchange(tx, sessionId, refreshToken));
    if (session === null) throw sessionEnded();
    return session;
  }

  /** Ends the session that the token belongs to, also by a token that was exchanged meanwhile. */
  async close(refreshToken: string): Promise<void> {
    const sessionId = REFRESH_TOKEN.exec(refreshToken)?.[1];
    if (sessionId === undefined) return;
    const hash = hashCredential(refreshToken);
    await this.#ledger.transaction(async (tx) => {
      const row = await findSession(tx, sessionId);
      if (row === undefined) return;
      if (sameHash(hash, row.refresh_hash) || sameHash(hash, row.previous_refresh_hash)) {
        await this.#revoke(tx, sessionId);
      }
    });
  }

  async closeById(sessionId: string): Promise<void> {
    await this.#ledger.transaction((tx) => this.#revoke(tx, sessionId));
  }

  /** Ends all sessions of an account, except one if it is named. */
  async closeAll(tx: Sql, accountId: string, exceptSessionId: string | null): Promise<void> {
    await tx.run(
      `UPDATE sign_in_session SET revoked_at = :now
       WHERE account_id = :account AND id <> :except AND revoked_at IS NULL`,
      { account: accountId, except: exceptSessionId ?? '', now: this.#now() },
    );
  }

  async #exchange(tx: Sql, sessionId: string, token: string): Promise<OpenSession | null> {
    const now = this.#now();
    const row = await findSession(tx, sessionId);
    if (row === undefined || row.revoked_at !== null || row.expires_at <= now || row.disabled === 1)
      return null;
    const session = { sessionId, accountId: row.account_id, expiresAt: row.expires_at };
    const hash = hashCredential(token);
    const inGrace = row.rotated_at !== null && now - row.rotated_at <= ROTATION_GRACE_MS;
    if (sameHash(hash, row.refresh_hash)) {
      // One exchange per grace, so that the token before the current one keeps its whole grace.
      return inGrace ? { ...session, refreshToken: token } : this.#rotate(tx, session, token, row);
    }
    if (inGrace && sameHash(hash, row.previous_refresh_hash)) {
      return { ...session, refreshToken: this.#successor(sessionId, token) };
    }
    // Two parties hold the token, and one of them is not its owner.
    await this.#revoke(tx, sessionId);
    return null;
  }

  async #rotate(
    tx: Sql,
    session: Omit<OpenSession, 'refreshToken'>,
    token: string,
    row: SessionRow,
  ): Promise<OpenSession> {
    const now = this.#now();
    const refreshToken = this.#successor(session.sessionId, token);
    const expiresAt = Math.min(now + SESSION_IDLE_MS, row.created_at + SESSION_MAX_MS);
    await tx.run(
      `UPDATE sign_in_session SET previous_refresh_hash = refresh_hash, refresh_hash = :hash, rotated_at = :now,
         expires_at = :expiresAt WHERE id = :id`,
      { id: session.sessionId, hash: hashCredential(refreshToken), now, expiresAt },
    );
    return { ...session, refreshToken, expiresAt };
  }

  #successor(sessionId: string, token: string): string {
    return `${sessionId}.${createHmac('sha256', this.#chainKey).update(token).digest('base64url')}`;
  }

  async #revoke(tx: Sql, sessionId: string): Promise<void> {
    await tx.run('UPDATE sign_in_session SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL', {
      id: sessionId,
      now: this.#now(),
    });
  }
}

/** Two exchanges of one token go one after another, or the second would take its own successor for a stranger's. */
async function findSession(tx: Sql, sessionId: string): Promise<SessionRow | undefined> {
  return tx.get<SessionRow>(
    `SELECT s.*, a.disabled FROM sign_in_session s JOIN account a ON a.id = s.account_id
     WHERE s.id = :id /*postgres: FOR UPDATE OF s */`,
    { id: sessionId },
  );
}

function sessionEnded(): BudaoError {
  return new BudaoError('unauthenticated', 'session_ended', 'Your session has ended. Sign in again.');
}
