import { createHash, timingSafeEqual } from 'node:crypto';

/** Keys and refresh tokens are random enough that a plain hash keeps them secret. */
export function hashCredential(credential: string): string {
  return createHash('sha256').update(credential).digest('hex');
}

/** Compares in a time that does not tell how much was right. */
export function sameHash(one: string, other: string | null): boolean {
  const left = Buffer.from(one, 'utf8');
  const right = Buffer.from(other ?? '', 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
