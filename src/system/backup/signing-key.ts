import { createPrivateKey } from 'node:crypto';
import type { SecretStore } from '../../access/secret-store.ts';

const SECRET_NAME = 'snapshot-signing';
/** What stands before the 32 bytes of an Ed25519 key in PKCS #8: RFC 8410, section 7. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key that signs this installation's snapshots, as PEM; the same for all of its processes. */
export async function signingKey(secrets: SecretStore): Promise<string> {
  const key = Buffer.concat([PKCS8_PREFIX, await secrets.read(SECRET_NAME)]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
