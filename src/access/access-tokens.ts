import { errors, jwtVerify, SignJWT } from 'jose';
import { BudaoError } from '../contract/errors.ts';

export const ACCESS_TOKEN_LIFETIME_MS = 15 * 60_000;
const ISSUER = 'budao';
const MAX_REMEMBERED_TOKENS = 2_000;

export interface AccessClaims {
  accountId: string;
  sessionId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Signs and checks access tokens: JWT, HS256. A valid one names a session; whether that still lives is asked elsewhere. */
export class AccessTokens {
  readonly #key: Uint8Array;
  readonly #now: () => number;
  /** A signature that was right stays right, so each token is checked once. */
  readonly #verified = new Map<string, AccessClaims>();

  constructor(key: Uint8Array, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  async issue(accountId: string, sessionId: string): Promise<string> {
    const issuedAtSeconds = Math.floor(this.#now() / 1_000);
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(accountId)
      .setIssuer(ISSUER)
      .setIssuedAt(issuedAtSeconds)
      .setExpirationTime(issuedAtSeconds + ACCESS_TOKEN_LIFETIME_MS / 1_000)
      .sign(this.#key);
  }

  /** @throws BudaoError invalid_token, expired_token */
  async verify(token: string): Promise<AccessClaims> {
    const known = this.#verified.get(token);
    const claims = known ?? (await this.#verifySignature(token));
    if (claims.expiresAt <= this.#now()) {
      this.#verified.delete(token);
      throw expiredToken();
    }
    if (known === undefined) {
      if (this.#verified.size >= MAX_REMEMBERED_TOKENS) this.#verified.clear();
      this.#verified.set(token, claims);
    }
    return claims;
  }

  async #verifySignature(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        requiredClaims: ['sub', 'sid', 'iat', 'exp'],
        currentDate: new Date(this.#now()),
      });
      const { sub, sid, exp } = payload;
      if (sub === undefined || typeof sid !== 'string' || exp === undefined) throw invalidToken();
      return { accountId: sub, sessionId: sid, expiresAt: exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expiredToken();
      // The cause would carry the token's claims into a log.
      throw invalidToken();
    }
  }
}

function expiredToken(): BudaoError {
  return new BudaoError(
    'unauthenticated',
    'expired_token',
    'The access token has expired. Get a new one from POST /auth/refresh, or sign in again.',
  );
}

function invalidToken(): BudaoError {
  return new BudaoError(
    'unauthenticated',
    'invalid_token',
    'The access token is not valid here. Sign in again to get a new one.',
  );
}
