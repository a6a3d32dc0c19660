/** What nodes share besides the ledger bears the installation's mark, so that nothing is ever put into another place. */
import { dirname } from 'node:path';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import type { S3Client } from '../stores/blobs/s3-client.ts';
import { S3Objects } from '../stores/blobs/s3-objects.ts';
import type { ProvidedFolder } from '../stores/files/provided-folder.ts';
import { createFolderObjectStore } from '../stores/index/folder-object-store.ts';
import type { ObjectStore } from '../stores/index/object-store.ts';
import type { Bucket } from './bucket-settings.ts';
import type { Configuration } from './configuration.ts';
import { installationId } from './installation-id.ts';

const MARK = '.budao-installation';
const AWAY: ReadonlySet<string> = new Set([
  'shared_folder_missing',
  'storage_unavailable',
  'storage_refused',
]);

/** A process that can do without the bucket begins after so long. */
const SHORT_LOOK_MS = 3_000;

interface SharedPlace {
  /** By which the ledger knows that the place is in use. */
  setting: string;
  /** Under which the ledger knows it where documents are kept in the other kind of place. */
  insteadOf: string | null;
  name: string;
  kind: 'folder' | 'bucket';
  objects: Pick<ObjectStore, 'get' | 'put' | 'putIfAbsent'>;
}

/** From its first use on; below it folders are made only while it bears its mark. */
export function sharedFolder(path: string): ProvidedFolder {
  return { path, mark: MARK };
}

/**
 * Without the mark a folder is a mount point with nothing mounted, or the wrong drive, and a bucket is another one: what
 * was stored there would be seen by no other node, and be gone once the right one is back. At the first use it is marked.
 * A process that comes after others may do without a place that is away: whoever asks for its files is told so.
 *
 * @throws BudaoError shared_folder_missing, shared_folder_foreign, shared_bucket_missing, shared_bucket_foreign, shared_place_other,
 * storage_unavailable, storage_refused, storage_unsuitable
 */
export async function requireSharedPlaces(
  configuration: Pick<Configuration, 'dataDir' | 'stores'>,
  ledger: Ledger,
  options: { mayBeAway: boolean } = { mayBeAway: false },
): Promise<void> {
  const { blobs, index } = configuration.stores;
  const presently = async (requiring: Promise<void>): Promise<void> => {
    try {
      await requiring;
    } catch (error) {
      if (!options.mayBeAway || !isAway(error)) throw error;
    }
  };
  if (blobs.folder !== null) await presently(requirePlace(ledger, folderPlace('blobs', blobs.folder)));
  if (index.folder !== null) await presently(requirePlace(ledger, folderPlace('index', index.folder)));
  if (blobs.bucket !== null) await presently(requireBucket(ledger, blobs.bucket, options));
}

/**
 * For an installation that is being restored and has no ledger yet. What another one has in these places stays there
 * beside it, until somebody tidies up: every file is named by its content.
 *
 * @param id of the new installation
 * @throws BudaoError shared_folder_foreign, shared_bucket_foreign without `replace`, and those of requireSharedPlaces
 */
export async function takeSharedPlaces(
  { stores: { blobs, index } }: Pick<Configuration, 'stores'>,
  id: string,
  options: { replace: boolean },
): Promise<void> {
  const take = async (place: SharedPlace): Promise<void> => {
    const found = await readMark(place);
    if (found === null) return markFirst(place, id);
    if (found !== id && !options.replace) throw foreign(place);
    await place.objects.put(MARK, Buffer.from(id));
  };
  if (blobs.folder !== null) await take(folderPlace('blobs', blobs.folder));
  if (index.folder !== null) await take(folderPlace('index', index.folder));
  if (blobs.bucket === null) return;
  const { openBucket } = await import('./bucket.ts');
  await using client = await openBucket(blobs.bucket);
  await take(bucketPlace(blobs.bucket, client));
}

/** @throws BudaoError storage_unavailable, storage_refused */
export async function requireMarkedBucket(client: S3Client): Promise<void> {
  if ((await new S3Objects(client).get(MARK)) !== null) return;
  const { bucket, prefix } = client.options;
  throw new BudaoError(
    'unavailable',
    'storage_unavailable',
    `The bucket ${bucket} holds nothing of this installation below "${prefix}". Restore what it held, or check its name.`,
  );
}

async function requireBucket(
  ledger: Ledger,
  bucket: Bucket,
  { mayBeAway }: { mayBeAway: boolean },
): Promise<void> {
  const { openBucket, requireSuitableBucket } = await import('./bucket.ts');
  await using client = await openBucket(bucket, mayBeAway ? { deadlineMs: SHORT_LOOK_MS } : {});
  const place = bucketPlace(bucket, client);
  await requirePlace(ledger, place, async () => void (await requireSuitableBucket(bucket)));
}

function bucketPlace({ name, prefix }: Bucket, client: S3Client): SharedPlace {
  return {
    setting: 'cluster.bucket',
    insteadOf: 'cluster.folder.blobs',
    name: `${name}/${prefix}`,
    kind: 'bucket',
    objects: new S3Objects(client),
  };
}

function folderPlace(what: 'blobs' | 'index', folder: string): SharedPlace {
  return {
    setting: `cluster.folder.${what}`,
    insteadOf: what === 'blobs' ? 'cluster.bucket' : null,
    name: folder,
    kind: 'folder',
    objects: createFolderObjectStore(folder),
  };
}

async function requirePlace(
  ledger: Ledger,
  place: SharedPlace,
  check: () => Promise<void> = async () => {},
): Promise<void> {
  const id = await installationId(ledger);
  const found = await readMark(place);
  if (found !== null && found !== id) throw foreign(place);
  const isKnown = (await knownAs(ledger.read, place.setting)) !== null;
  if (isKnown && found === null) throw missing(place);
  if (isKnown) return;
  const other = place.insteadOf === null ? null : await knownAs(ledger.read, place.insteadOf);
  if (other !== null && found === null) throw elsewhere(place, other);
  await check();
  // In this order: a place that the ledger knows of has its mark.
  await markFirst(place, id);
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES (:setting, :place, :now) ON CONFLICT (name) DO NOTHING`,
      { setting: place.setting, place: place.name, now: ledgerTime() },
    ),
  );
}

/** Of two installations that begin at once, one has it. */
async function markFirst(place: SharedPlace, id: string): Promise<void> {
  try {
    if (await place.objects.putIfAbsent(MARK, Buffer.from(id))) return;
  } catch (error) {
    if (place.kind === 'folder' && isAway(error)) throw groundMissing(place);
    throw error;
  }
  if ((await readMark(place)) !== id) throw foreign(place);
}

/** What a store is asked for then fails by itself; in a bucket without the mark it would not. */
function isAway(error: unknown): boolean {
  return error instanceof BudaoError && AWAY.has(error.code);
}

/** Null when there is none. A folder that cannot be looked into counts as missing. */
async function readMark({ kind, objects }: SharedPlace): Promise<string | null> {
  const reading = objects.get(MARK);
  const mark = await (kind === 'folder' ? reading.catch(() => null) : reading);
  return mark?.toString('utf8') ?? null;
}

async function knownAs(sql: Sql, setting: string): Promise<string | null> {
  const row = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :setting', {
    setting,
  });
  return row?.value ?? null;
}

function foreign({ kind, name }: SharedPlace): BudaoError {
  return new BudaoError(
    'invalid',
    kind === 'folder' ? 'shared_folder_foreign' : 'shared_bucket_foreign',
    `The shared ${kind} ${name} belongs to another installation. Give each installation a ${kind} of its own.`,
  );
}

function missing({ kind, name }: SharedPlace): BudaoError {
  if (kind === 'folder') {
    return new BudaoError(
      'unavailable',
      'shared_folder_missing',
      `The shared folder ${name} is not there, or is another one than before. Mount it; it is tried again.`,
    );
  }
  return new BudaoError(
    'unavailable',
    'shared_bucket_missing',
    `The bucket ${name} holds nothing of this installation. Restore what it held, or name the right one; it is tried again.`,
  );
}

function groundMissing({ name }: SharedPlace): BudaoError {
  return new BudaoError(
    'unavailable',
    'shared_folder_missing',
    `The shared folder ${name} cannot be made, since ${dirname(name)} is not there. Mount that or make it; it is tried again.`,
  );
}

function elsewhere({ kind, name }: SharedPlace, other: string): BudaoError {
  return new BudaoError(
    'invalid',
    'shared_place_other',
    `The documents of this installation are in ${other}, and this node is told of the ${kind} ${name}, which has none of ` +
      'them. Give every node the same configuration.',
  );
}
