/** The file that makes a folder or bucket a repository: who may read it, and how it is laid out. Written once. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { damaged } from './errors.ts';
import { DESCRIPTION_KEY, README_KEY, signerKey } from './layout.ts';
import { README_TEXT } from './readme.ts';
import { publicHalf, readUnverified, type Signer, signText, verifiedSigner } from './signing.ts';

export const REPOSITORY_FORMAT = 1;
const README_HASH = createHash('sha256').update(README_TEXT).digest('hex');

const DESCRIPTION = z.strictObject({
  format: z.literal(REPOSITORY_FORMAT),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: z.int(),
  createdBy: z.string(),
  /** age recipients; each can read everything that is written from now on. */
  recipients: z.array(z.string()).min(1),
  /** The program's own key neither deletes nor overwrites. */
  appendOnly: z.boolean(),
  readme: z.string().regex(/^[0-9a-f]{64}$/),
});
export type RepositoryDescription = z.infer<typeof DESCRIPTION>;

const SIGNER = z.strictObject({ format: z.literal(1), installationId: z.string(), publicKey: z.string() });

/** @throws BudaoError repository_exists */
export async function putDescription(
  storage: RepositoryStorage,
  signer: Signer,
  description: Omit<RepositoryDescription, 'format' | 'readme' | 'createdBy'>,
): Promise<void> {
  const whole = {
    format: REPOSITORY_FORMAT,
    ...description,
    createdBy: signer.installationId,
    readme: README_HASH,
  };
  const isNew = await storage.putIfAbsent(DESCRIPTION_KEY, Buffer.from(signText(whole, signer)));
  if (!isNew) {
    throw new BudaoError(
      'conflict',
      'repository_exists',
      `There is a repository in ${storage.name} already. Use it as it is, or choose an empty place.`,
    );
  }
  await putReadme(storage);
}

/** What a killed creation left undone; a repository that an older program has made has another text. */
export async function completeDescription(
  storage: RepositoryStorage,
  { readme }: RepositoryDescription,
): Promise<void> {
  if (readme === README_HASH && (await storage.get(README_KEY)) === null) await putReadme(storage);
}

async function putReadme(storage: RepositoryStorage): Promise<void> {
  await storage.putIfAbsent(README_KEY, Buffer.from(README_TEXT));
}

/** @throws BudaoError repository_missing, repository_newer, repository_damaged */
export async function readDescription(
  storage: RepositoryStorage,
): Promise<{ description: RepositoryDescription; text: string; publicKey: string }> {
  const text = (await storage.get(DESCRIPTION_KEY))?.toString('utf8');
  if (text === undefined) {
    throw new BudaoError(
      'not_found',
      'repository_missing',
      `There is no repository in ${storage.name} (no ${DESCRIPTION_KEY}). Check the address, or make one with \`budao backup init\`.`,
    );
  }
  const unverified = readUnverified(text);
  const publicKey = verifiedSigner(text);
  const format = formatOf(unverified);
  if (format > REPOSITORY_FORMAT && publicKey !== null) throw newerRepository(storage.name, format);
  const read = DESCRIPTION.safeParse(unverified);
  if (!read.success || publicKey === null) throw damaged(DESCRIPTION_KEY, storage.name);
  return { description: read.data, text, publicKey };
}

export function formatOf(content: unknown): number {
  const format = (content as { format?: unknown } | null)?.format;
  return typeof format === 'number' ? format : 0;
}

/** Puts the public key of an installation down for all time. @throws BudaoError signing_key_other */
export async function pinSigner(storage: RepositoryStorage, signer: Signer): Promise<void> {
  const { installationId } = signer;
  const publicKey = publicHalf(signer.privateKey);
  const pinned = await readSigner(storage, installationId);
  if (pinned === publicKey) return;
  if (pinned === null) {
    const text = signText({ format: 1, installationId, publicKey }, signer);
    if (await storage.putIfAbsent(signerKey(installationId), Buffer.from(text))) return;
    if ((await readSigner(storage, installationId)) === publicKey) return;
  }
  throw new BudaoError(
    'conflict',
    'signing_key_other',
    `${storage.name} knows this installation by another signing key. Either its key was lost and made anew, or somebody else uses its name. Run \`budao doctor\`; if the key is lost, give the installation a new identity and go on.`,
  );
}

/** @returns null where this installation has never written here. @throws BudaoError repository_damaged */
export async function readSigner(storage: RepositoryStorage, installationId: string): Promise<string | null> {
  const text = (await storage.get(signerKey(installationId)))?.toString('utf8');
  if (text === undefined) return null;
  const read = SIGNER.safeParse(readUnverified(text));
  const publicKey = verifiedSigner(text);
  const isSound =
    read.success && read.data.installationId === installationId && read.data.publicKey === publicKey;
  if (!isSound || publicKey === null) throw damaged(signerKey(installationId), storage.name);
  return publicKey;
}

function newerRepository(name: string, format: number): BudaoError {
  return new BudaoError(
    'invalid',
    'repository_newer',
    `${name} has format ${format}; this program knows ${REPOSITORY_FORMAT}. Upgrade Budao; nothing there was touched.`,
  );
}
