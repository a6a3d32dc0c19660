/** Tries everything at a bucket that blobs and index rest on, since stores differ, and says at once what is missing. */
import { randomUUID } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import type { S3Answer, S3Client } from './s3-client.ts';
import { abortUpload, uploadParts } from './s3-multipart.ts';
import { S3Objects } from './s3-objects.ts';
import { probeConditionalPut, probeIntegrity, probeTimeLimit } from './s3-probe-promises.ts';

/** Stores refuse signatures that are off by 15 minutes; half of it is worth a word. */
const WORRYING_SKEW_MS = 60_000;

export type S3Use = 'blobs' | 'index';

export interface S3Finding {
  /** Such as `conditional put`. */
  name: string;
  isMet: boolean;
  /** What was seen. */
  detail: string;
  /** What to do where it is not met; empty otherwise. */
  advice: string;
  /** What cannot be done without it; empty for a mere remark. */
  neededFor: readonly S3Use[];
}

export interface S3Probe {
  endpoint: string;
  bucket: string;
  /** Milliseconds by which the store's clock is ahead; null where nothing answered. */
  clockSkewMs: number | null;
  findings: readonly S3Finding[];
}

export type ProbeStep = (probe: ProbeContext) => Promise<S3Finding>;

export interface ProbeContext {
  client: S3Client;
  objects: S3Objects;
  /** Before all keys that the probe makes, and removes again. */
  folder: string;
}

const EVERYTHING: readonly S3Use[] = ['blobs', 'index'];

/** Never throws: what fails is a finding. Leaves nothing in the bucket where it may delete. */
export async function probeBucket(client: S3Client): Promise<S3Probe> {
  const { endpoint, bucket } = client.options;
  const context = { client, objects: new S3Objects(client), folder: `probe/${randomUUID()}/` };
  const findings: S3Finding[] = [];
  let clockSkewMs: number | null = null;
  const list = { method: 'GET', key: null, query: { 'list-type': '2', 'max-keys': '1' } } as const;
  try {
    const answer = await client.ask(list);
    clockSkewMs = answer.serverTimeMs - Date.now();
    findings.push(clockFinding(clockSkewMs));
  } catch (error) {
    findings.push(unreachable(error));
    return { endpoint, bucket, clockSkewMs, findings };
  }
  for (const step of RIGHTS) findings.push(await step(context));
  if (findings.every(({ isMet, neededFor }) => isMet || neededFor.length === 0)) {
    for (const step of PROMISES) findings.push(await step(context));
  }
  await removeAll(context);
  return { endpoint, bucket, clockSkewMs, findings };
}

/** @throws BudaoError storage_unsuitable, with everything that is missing */
export function requireSuitable(probe: S3Probe, use: S3Use): void {
  const missing = probe.findings.filter(({ isMet, neededFor }) => !isMet && neededFor.includes(use));
  if (missing.length === 0) return;
  const list = missing.map(({ name, detail, advice }) => `${name}: ${detail}. ${advice}`).join(' ');
  throw new BudaoError(
    'unavailable',
    'storage_unsuitable',
    `The bucket ${probe.bucket} at ${new URL(probe.endpoint).host} cannot hold the ${use}. ${list}`,
  );
}

/** One after another: each rests on those before it. */
const RIGHTS: ProbeStep[] = [
  right('put', 's3:PutObject', ({ objects, folder }) => objects.put(`${folder}object`, Buffer.from('probe'))),
  right('get', 's3:GetObject', async ({ objects, folder }) => {
    const found = await objects.get(`${folder}object`);
    if (found !== null && found.toString() !== 'probe') throw new Error('other bytes came back');
  }),
  right('list', 's3:ListBucket', async ({ objects, folder }) => {
    await Array.fromAsync(objects.list(folder, 1));
  }),
  right('delete', 's3:DeleteObject', async ({ objects, folder }) => {
    await objects.delete(`${folder}object`);
    if ((await objects.head(`${folder}object`)) !== null) throw new Error('it is still there');
  }),
];

const PROMISES: ProbeStep[] = [
  promise('list after put', EVERYTHING, 'Use a store whose lists are consistent', probeList),
  promise(
    'multipart upload and copy',
    ['blobs'],
    'Allow s3:AbortMultipartUpload, or use another store',
    probeMultipart,
  ),
  promise(
    'list of uploads',
    [],
    'Allow s3:ListBucketMultipartUploads, or have the bucket remove them by itself',
    async ({ objects, folder }) => {
      await objects.listUploads(folder);
      return 'unfinished uploads can be found and removed';
    },
  ),
  promise(
    'a part of an object',
    ['blobs'],
    'Remove the proxy that drops Range, or use another store',
    probeRange,
  ),
  promise('damage on the way', EVERYTHING, 'Use a store that verifies signed bodies', probeIntegrity),
  promise(
    'time limit of a deletion',
    ['blobs'],
    'Use a store that keeps the time limit of signed addresses',
    probeTimeLimit,
  ),
  promise(
    'conditional put',
    ['index'],
    'Upgrade the store or choose another; or keep the index in a shared folder',
    probeConditionalPut,
  ),
  promise('checksum header', [], 'Set the checksum of the storage to md5 or none', probeChecksum),
];

function right(name: string, action: string, work: (context: ProbeContext) => Promise<void>): ProbeStep {
  const advice = `Allow ${action} for this key, and check the bucket`;
  return promise(`right to ${name}`, EVERYTHING, advice, async (context) => {
    await work(context);
    return 'given';
  });
}

function promise(
  name: string,
  neededFor: readonly S3Use[],
  advice: string,
  work: (context: ProbeContext) => Promise<string>,
): ProbeStep {
  return async (context) => {
    try {
      return { name, isMet: true, detail: await work(context), advice: '', neededFor };
    } catch (error) {
      return {
        name,
        isMet: false,
        detail: (error as Error).message.replace(/\.$/, ''),
        advice: `${advice}.`,
        neededFor,
      };
    }
  };
}

async function probeList({ objects, folder }: ProbeContext): Promise<string> {
  for (let number = 0; number < 5; number += 1) {
    const key = `${folder}list/${number}`;
    await objects.put(key, Buffer.alloc(0));
    const [first] = await Array.fromAsync(objects.list(key, 1));
    if (first?.key !== key) throw new Error('an object was not in the list that followed its put');
    await objects.delete(key);
    if ((await Array.fromAsync(objects.list(key, 1))).length > 0)
      throw new Error('an object was in the list that followed its deletion');
  }
  return 'lists show what was put and deleted before';
}

async function probeMultipart({ client, objects, folder }: ProbeContext): Promise<string> {
  const source = `${folder}parts`;
  await uploadParts(client, source, parts('one part, as the last may be of any size'));
  await objects.copy(source, `${folder}copy`, 1);
  const copied = await objects.get(`${folder}copy`);
  if (!copied?.toString().startsWith('one part')) throw new Error('the copy has other bytes');
  await abortUpload(client, `${folder}never`, 'no-such-upload').catch((error: unknown) => {
    if (!/NoSuchUpload|InvalidArgument|InvalidRequest/.test((error as Error).message)) throw error;
  });
  return 'large uploads work';
}

async function* parts(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

async function probeRange({ client, objects, folder }: ProbeContext): Promise<string> {
  const key = `${folder}range`;
  await objects.put(key, Buffer.from('0123456789'));
  const etag = (await objects.head(key))?.etag ?? '';
  const answer = await client.ask({ method: 'GET', key, headers: { Range: 'bytes=4-', 'If-Match': etag } });
  if (answer.status !== 206 || answer.text !== '456789') throw new Error(`it answers ${describe(answer)}`);
  return 'reading goes on where it broke off';
}

async function probeChecksum({ client, folder }: ProbeContext): Promise<string> {
  const { checksum = 'none' } = client.options;
  if (checksum === 'none') return 'none is sent; the signature covers every body';
  const answer = await client.ask({ method: 'PUT', key: `${folder}checksum`, body: Buffer.from('probe') });
  if (answer.status >= 300) throw new Error(`with ${checksum} it answers ${describe(answer)}`);
  return `${checksum} is taken`;
}

function describe({ status, text }: S3Answer): string {
  return `HTTP ${status} with ${text.length} characters`;
}

function clockFinding(skewMs: number): S3Finding {
  const isMet = Math.abs(skewMs) < WORRYING_SKEW_MS;
  const detail = `the store is ${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs < 0 ? 'behind' : 'ahead'}`;
  return { name: 'clock', isMet, detail, advice: isMet ? '' : 'Set both clocks by NTP.', neededFor: [] };
}

function unreachable(error: unknown): S3Finding {
  const detail = (error as Error).message.replace(/\.$/, '');
  const advice = 'Check address, network and certificate.';
  return { name: 'connection', isMet: false, detail, advice, neededFor: EVERYTHING };
}

async function removeAll({ objects, folder }: ProbeContext): Promise<void> {
  try {
    for await (const { key } of objects.list(folder)) await objects.delete(key);
  } catch {
    // The findings say why it could not.
  }
}
