/** The signed page that says what a kit is, and holds the hash over everything else in it. */
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { readUnverified, verifiedSigner } from '../../recovery/repository/signing.ts';

export const KIT_FORMAT = 1;
/** Everything in the archive lies below this. */
export const KIT_FOLDER = 'budao-kit';
export const MANIFEST = 'manifest.json';
export const CHECKSUMS = 'SHA256SUMS';
export const NODE_FILE = 'node.gz';
export const PROGRAM_FILE = 'program.tar.zst';
export const CONFIGURATION_FILE = 'configuration.age';
export const REPOSITORY_FOLDER = 'repository';
export const MODELS_FOLDER = 'models';

export const KNOWLEDGE_CHOICES = ['whole', 'sample', 'none'] as const;
export type KnowledgeChoice = (typeof KNOWLEDGE_CHOICES)[number];

const Manifest = z.strictObject({
  format: z.literal(KIT_FORMAT),
  createdAt: z.int(),
  installationId: z.string(),
  version: z.string(),
  schemaVersion: z.int(),
  /** What the machine has to be. */
  platform: z.strictObject({ os: z.string(), arch: z.string(), node: z.string() }),
  knowledge: z.enum(KNOWLEDGE_CHOICES),
  snapshotId: z.string(),
  counts: z.strictObject({ documents: z.int(), conversations: z.int(), workspaces: z.int() }),
  /** Folders below models/. */
  models: z.array(z.string()),
  recipients: z.array(z.string()),
  /** sha256 of SHA256SUMS, which names every other file. */
  checksums: z.string().regex(/^[0-9a-f]{64}$/),
});
export type KitManifest = z.infer<typeof Manifest>;

/** @throws BudaoError kit_damaged, kit_invalid for one of a newer program */
export function readKitManifest(text: string): { manifest: KitManifest; publicKey: string } {
  const publicKey = verifiedSigner(text);
  if (publicKey === null) throw kitDamaged(MANIFEST);
  const unverified = readUnverified(text);
  const { format } = unverified as { format?: unknown };
  if (typeof format === 'number' && format > KIT_FORMAT) {
    throw new BudaoError(
      'invalid',
      'kit_invalid',
      `The kit has format ${format}; this program knows ${KIT_FORMAT}. Use the program in the kit itself: sh start.sh.`,
    );
  }
  const parsed = Manifest.safeParse(unverified);
  if (!parsed.success) throw kitDamaged(MANIFEST);
  return { manifest: parsed.data, publicKey };
}

export function kitDamaged(...files: string[]): BudaoError {
  return new BudaoError(
    'conflict',
    'kit_damaged',
    `The kit is damaged: ${files.join(', ')} ${files.length === 1 ? 'is' : 'are'} missing or not what was put in. ` +
      'Copy the kit again, or take another one.',
  );
}

/** Lines as sha256sum writes and reads them. */
export function checksumLine(sha256: string, name: string): string {
  return `${sha256}  ${name}\n`;
}

export function readChecksums(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}
