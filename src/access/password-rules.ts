import { randomInt } from 'node:crypto';
import { BudaoError } from '../contract/errors.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

const MIN_PASSWORD_CHARACTERS = 10;
/** Enough for any passphrase; bounds what is hashed for strangers. */
export const MAX_PASSWORD_CHARACTERS = 256;
/** Without the characters that people mistake for one another: 31 of them, 99 bits in all. */
const READABLE_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const GENERATED_GROUPS = 5;
const GENERATED_GROUP_CHARACTERS = 4;

/** The same password typed on another keyboard or system has one form. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** @throws BudaoError weak_password */
export function requireGoodPassword(password: string, username: string): void {
  const normalized = normalizePassword(password);
  const characters = [...normalized];
  const folded = normalized.toLowerCase();
  if (characters.length < MIN_PASSWORD_CHARACTERS) {
    refuse(`Choose a password of at least ${MIN_PASSWORD_CHARACTERS} characters.`);
  }
  if (characters.length > MAX_PASSWORD_CHARACTERS) {
    refuse(`Choose a password of at most ${MAX_PASSWORD_CHARACTERS} characters.`);
  }
  if (folded.trim() === username.toLowerCase()) refuse('Choose a password that is not the username.');
  if (COMMON_PASSWORDS.has(folded) || new Set(characters).size < 3) {
    refuse(
      'This password is among the first that attackers try. Choose another, for example four unrelated words.',
    );
  }
}

function refuse(message: string): never {
  throw new BudaoError('invalid', 'weak_password', message, { param: 'password' });
}

/** A strong password that can be read out and typed: `k7mq-x2hd-…`. */
export function generatePassword(): string {
  const group = (): string =>
    Array.from(
      { length: GENERATED_GROUP_CHARACTERS },
      () => READABLE_ALPHABET[randomInt(READABLE_ALPHABET.length)],
    ).join('');
  return Array.from({ length: GENERATED_GROUPS }, group).join('-');
}
