import { hash, type Options, verify } from '@node-rs/argon2';
import { BudaoError } from '../contract/errors.ts';
import { MAX_PASSWORD_CHARACTERS, normalizePassword } from './password-rules.ts';

/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; some ten milliseconds of a core. */
export const HASH_OPTIONS = {
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
} as const satisfies Options;
/** Hashing runs on the thread pool that files and the network's names also use, so it never takes all of it. */
const MAX_CONCURRENT = 2;
const MAX_WAITING = 64;
/** Of a random password that nobody knows: what a sign-in with an unknown username is compared with. */
export const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$fI2CEVQ5cNYHr7KOhU8TGw$o2vRliejfOktmgZON3k8dxHASLdhYvsi4nNRgwLDYXA';

/** Hashes and checks passwords off the main thread, a few at a time. */
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws BudaoError sign_in_busy */
  hash(password: string): Promise<string> {
    return this.#limited(() => hash(normalizePassword(password), HASH_OPTIONS));
  }

  /**
   * Whether the password fits. Takes the same time for `null`, the hash of an account that does not exist.
   * @throws BudaoError sign_in_busy
   */
  async verify(storedHash: string | null, password: string): Promise<boolean> {
    const attempt = normalizePassword(password.slice(0, 2 * MAX_PASSWORD_CHARACTERS));
    const matches = await this.#limited(() => verify(storedHash ?? DUMMY_HASH, attempt));
    return matches && storedHash !== null && password.length <= 2 * MAX_PASSWORD_CHARACTERS;
  }

  async #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_CONCURRENT) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new BudaoError(
          'unavailable',
          'sign_in_busy',
          'Too many people are signing in at once. Try again in a moment.',
        );
      }
      // The one that finishes hands its place over, so `#running` does not change.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
