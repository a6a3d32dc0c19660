/**
 * Small files that carry their own signature: one line of JSON, and one with the signer's public key and the Ed25519
 * signature over the bytes of the first line. Exactly one text is valid for a content, so that no byte may change.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';

/** Who signs for an installation. */
export interface Signer {
  installationId: string;
  /** Ed25519, PKCS #8 in PEM. */
  privateKey: string;
}

const SECOND_LINE = /^\{"publicKey":"([0-9a-f]{64})","signature":"([0-9a-f]{128})"\}$/;

/** @returns a private key as PEM, and its public half as hex */
export function generateSigningKey(): { privateKey: string; publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { privateKey: pem, publicKey: publicHalf(pem) };
}

/** @throws BudaoError signing_key_missing */
export function requireSigner(signer: Signer | null, name: string): Signer {
  if (signer !== null) return signer;
  throw new BudaoError(
    'invalid',
    'signing_key_missing',
    `${name} was opened for reading, without the key that signs. Run this on the installation that writes there.`,
  );
}

export function publicHalf(privateKey: string): string {
  const { x } = createPublicKey(privateKeyOf(privateKey)).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url').toString('hex');
}

export function signText(value: unknown, signer: Signer): string {
  const line = JSON.stringify(value);
  const signature = sign(null, Buffer.from(line), privateKeyOf(signer.privateKey)).toString('hex');
  return `${line}\n${JSON.stringify({ publicKey: publicHalf(signer.privateKey), signature })}\n`;
}

/** The first line, which may be read before anyone knows whether its signature holds; null where it is no JSON. */
export function readUnverified(text: string): unknown {
  try {
    return JSON.parse(text.slice(0, Math.max(0, text.indexOf('\n'))));
  } catch {
    return null;
  }
}

/** @returns who has signed exactly these bytes; null where nobody has */
export function verifiedSigner(text: string): string | null {
  const [line = '', second = '', end, ...more] = text.split('\n');
  const [, publicKey = '', signature = ''] = SECOND_LINE.exec(second) ?? [];
  if (end !== '' || more.length > 0 || publicKey === '') return null;
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(line), key, Buffer.from(signature, 'hex')) ? publicKey : null;
  } catch {
    return null;
  }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new BudaoError(
      'invalid',
      'signing_key_missing',
      'The key that signs snapshots cannot be read. Run `budao doctor`, which makes a new one; older snapshots stay readable.',
    );
  }
}
