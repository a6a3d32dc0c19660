/** Everything about who may do what, put together. */

import { hkdfSync } from 'node:crypto';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { AccessTokens } from './access-tokens.ts';
import { Authenticator, type RequestHeaders } from './authenticate.ts';
import { ApiKeys } from './keys.ts';
import { PasswordHasher } from './password-hasher.ts';
import { People } from './people.ts';
import type { Principal } from './principal.ts';
import type { SecretStore } from './secret-store.ts';
import { Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import { SignInThrottle } from './sign-in-throttle.ts';
import { Workspaces } from './workspaces.ts';

const SECRET_NAME = 'sessions';
const KEY_BYTES = 32;

export interface Access {
  /** Who sends a request with these headers. */
  authenticate(headers: RequestHeaders): Promise<Principal>;
  readonly signIn: SignIn;
  readonly people: People;
  readonly keys: ApiKeys;
  readonly workspaces: Workspaces;
}

export async function createAccess(options: {
  ledger: Ledger;
  secrets: SecretStore;
  now?: () => number;
}): Promise<Access> {
  const { ledger, secrets, now = ledgerTime } = options;
  const secret = await secrets.read(SECRET_NAME);
  const hasher = new PasswordHasher();
  const tokens = new AccessTokens(deriveKey(secret, 'budao access token'), now);
  const sessions = new Sessions(ledger, deriveKey(secret, 'budao refresh chain'), now);
  const authenticator = new Authenticator(ledger, tokens, now);
  return {
    authenticate: (headers) => authenticator.authenticate(headers),
    signIn: new SignIn({ ledger, hasher, throttle: new SignInThrottle(now), sessions, tokens, now }),
    people: new People({ ledger, hasher, sessions, now }),
    keys: new ApiKeys(ledger, now),
    workspaces: new Workspaces(ledger, now),
  };
}

/** One stored secret, a key of its own for each purpose (HKDF, RFC 5869). */
function deriveKey(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}
