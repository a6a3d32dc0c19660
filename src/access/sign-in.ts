/** How a person gets a session, keeps it and changes the password. */
import { BudaoError } from '../contract/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ACCESS_TOKEN_LIFETIME_MS, type AccessTokens } from './access-tokens.ts';
import {
  type Account,
  type AccountRow,
  accountFromRow,
  findAccount,
  findAccountByUsername,
  foldUsername,
  listMemberships,
  type Membership,
} from './account-rows.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { requireGoodPassword } from './password-rules.ts';
import type { Principal } from './principal.ts';
import type { OpenSession, Sessions } from './sessions.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';
import { visibleWorkspaces } from './workspaces.ts';

export interface SignedIn {
  accessToken: string;
  expiresInSeconds: number;
  refreshToken: string;
  /** When the refresh token ends. Milliseconds since the epoch. */
  refreshExpiresAt: number;
  account: Account;
  memberships: Membership[];
}

export interface SignInParts {
  ledger: Ledger;
  hasher: PasswordHasher;
  throttle: SignInThrottle;
  sessions: Sessions;
  tokens: AccessTokens;
  now: () => number;
}

export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** @throws BudaoError invalid_credentials, account_disabled, too_many_sign_ins, sign_in_busy */
  async signIn(attempt: { username: string; password: string; address: string }): Promise<SignedIn> {
    const username = foldUsername(attempt.username);
    const account = await this.#checkPassword(username, attempt.password, attempt.address);
    if (account.disabled === 1) {
      throw new BudaoError(
        'forbidden',
        'account_disabled',
        'This account is disabled. Ask an owner to enable it again.',
      );
    }
    const session = await this.#parts.ledger.transaction(async (tx) => {
      // The password may have been changed while it was checked.
      const current = await findAccount(tx, account.id);
      if (current?.password_hash !== account.password_hash || current.disabled === 1)
        throw invalidCredentials();
      return this.#parts.sessions.open(tx, account.id);
    });
    return this.#describe(session);
  }

  /** @throws BudaoError session_ended */
  async refresh(refreshToken: string): Promise<SignedIn> {
    return this.#describe(await this.#parts.sessions.refresh(refreshToken));
  }

  async signOut(refreshToken: string): Promise<void> {
    await this.#parts.sessions.close(refreshToken);
  }

  /** Ends the session that an access token was issued in. */
  async endSession(principal: Principal): Promise<void> {
    if (principal.sessionId !== undefined) await this.#parts.sessions.closeById(principal.sessionId);
  }

  /** Who the caller is, and where they may work. `account` is null for a key without one. */
  async describe(principal: Principal): Promise<{ account: Account | null; memberships: Membership[] }> {
    const { read } = this.#parts.ledger;
    const row = principal.accountId === null ? undefined : await findAccount(read, principal.accountId);
    const account = row === undefined ? null : accountFromRow(row);
    return { account, memberships: await visibleWorkspaces(read, principal) };
  }

  /** Other sessions of the account end. @throws BudaoError session_required, invalid_credentials, weak_password */
  async changePassword(
    principal: Principal,
    change: { current: string; next: string; address: string },
  ): Promise<void> {
    const { ledger, hasher, sessions, now } = this.#parts;
    const { accountId, sessionId } = principal;
    const account = accountId === null ? undefined : await findAccount(ledger.read, accountId);
    if (account === undefined || sessionId === undefined) {
      throw new BudaoError(
        'forbidden',
        'session_required',
        'An API key cannot change a password. Sign in to do it.',
      );
    }
    await this.#checkPassword(account.username, change.current, change.address);
    requireGoodPassword(change.next, account.username);
    if (change.next === change.current) {
      throw new BudaoError(
        'invalid',
        'weak_password',
        'Choose a password that differs from the current one.',
        {
          param: 'new_password',
        },
      );
    }
    const passwordHash = await hasher.hash(change.next);
    await ledger.transaction(async (tx) => {
      const { changes } = await tx.run(
        `UPDATE account SET password_hash = :next, password_changed_at = :now
         WHERE id = :id AND password_hash = :current`,
        { id: account.id, next: passwordHash, current: account.password_hash, now: now() },
      );
      if (changes === 0) throw invalidCredentials();
      await sessions.closeAll(tx, account.id, sessionId);
    });
  }

  /** Takes as long for an unknown username as for a wrong password. */
  async #checkPassword(username: string, password: string, address: string): Promise<AccountRow> {
    const attempt = this.#parts.throttle.begin(username, address);
    const account = await findAccountByUsername(this.#parts.ledger.read, username);
    let matches = false;
    try {
      matches = await this.#parts.hasher.verify(account?.password_hash ?? null, password);
    } catch (error) {
      attempt.withdraw();
      throw error;
    }
    if (!matches || account === undefined) throw invalidCredentials();
    attempt.succeed();
    return account;
  }

  async #describe(session: OpenSession): Promise<SignedIn> {
    const { read } = this.#parts.ledger;
    const row = await findAccount(read, session.accountId);
    if (row === undefined) throw invalidCredentials();
    return {
      accessToken: await this.#parts.tokens.issue(session.accountId, session.sessionId),
      expiresInSeconds: ACCESS_TOKEN_LIFETIME_MS / 1_000,
      refreshToken: session.refreshToken,
      refreshExpiresAt: session.expiresAt,
      account: accountFromRow(row),
      memberships: await listMemberships(read, session.accountId),
    };
  }
}

function invalidCredentials(): BudaoError {
  return new BudaoError('unauthenticated', 'invalid_credentials', 'The username or the password is wrong.');
}
