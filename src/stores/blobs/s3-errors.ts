/** What an S3 store answers when it does not do what it was asked, as errors that a person can act on. */
import { BudaoError } from '../../contract/errors.ts';
import { childText, parseXml } from './s3-xml.ts';

/** The store's own word, and where it happened; never a key, a signature or a header. */
export interface S3Refusal {
  status: number;
  /** Such as `AccessDenied`; empty where the answer was no S3 answer. */
  code: string;
  requestId: string | null;
}

export interface S3Place {
  endpoint: string;
  bucket: string;
}

const ADVICE: Record<string, string> = {
  AccessDenied:
    'The key lacks a right there. Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket',
  AllAccessDisabled: 'The bucket is closed. Ask whoever runs the store',
  AuthorizationHeaderMalformed: 'The region is wrong. Set the region of the bucket',
  ExpiredToken: 'The session token has run out. Renew the credentials file',
  InvalidAccessKeyId: 'The store does not know this access key. Check the credentials file',
  InvalidBucketName: 'Check the name of the bucket',
  MethodNotAllowed: 'Check that the endpoint is that of an S3 store',
  NoSuchBucket: 'There is no such bucket. Create it, or correct its name',
  PermanentRedirect: 'The bucket is in another region. Set its region and endpoint',
  RequestTimeTooSkewed: 'The clocks of this machine and of the store differ by many minutes. Set them by NTP',
  SignatureDoesNotMatch: 'The secret key does not belong to the access key. Check the credentials file',
};
const FULL = new Set([
  'EntityTooLarge',
  'InsufficientCapacity',
  'QuotaExceeded',
  'StorageFull',
  'XMinioStorageFull',
]);
/** Another try may succeed. A conflict is one between two conditional writes under way at once. */
const PASSING_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
]);

export function readRefusal(status: number, body: string, requestId: string | null): S3Refusal {
  const document = parseXml(body);
  return { status, code: childText(document, 'Code') ?? '', requestId };
}

export function isPassing({ status, code }: S3Refusal): boolean {
  return PASSING_STATUS.has(status) || PASSING_CODES.has(code);
}

export function refusalError(place: S3Place, refusal: S3Refusal): BudaoError {
  const { status, code, requestId } = refusal;
  const answer = `${code === '' ? 'an answer that is not of S3' : code}, HTTP ${status}${requestId === null ? '' : `, request ${requestId}`}`;
  if (status === 507 || FULL.has(code)) {
    return new BudaoError(
      'unavailable',
      'storage_full',
      `The object storage ${nameOf(place)} is full (${answer}). Raise its quota or add disks; nothing stored before is lost.`,
    );
  }
  if (isPassing(refusal)) return storageUnavailable(place, `answers ${answer}`);
  const advice = ADVICE[code] ?? 'Check the endpoint, the bucket and the rights of the key';
  return new BudaoError(
    'unavailable',
    'storage_refused',
    `The object storage ${nameOf(place)} refuses (${answer}). ${advice}, then run \`budao config check\`.`,
  );
}

export function storageUnavailable(place: S3Place, what: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'storage_unavailable',
    `The object storage ${nameOf(place)} ${what}. The step is tried again; if it lasts, check the store and the network to it.`,
    { cause },
  );
}

/** undici's errors, in words; their messages may hold addresses, never keys. */
export function networkFault(error: unknown): string {
  const code =
    (error as { code?: string }).code ?? (error as { cause?: { code?: string } }).cause?.code ?? '';
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|SSL/.test(code)) {
    return `shows a certificate that is not trusted (${code}); name its authority in the configuration`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `has a host name that cannot be looked up (${code})`;
  if (/TIMEOUT|ABORT/.test(code) || (error as Error).name === 'AbortError') return 'does not answer in time';
  return `cannot be reached or broke off${code === '' ? '' : ` (${code})`}`;
}

/** An untrusted certificate stays untrusted. */
export function isWorthAnotherTry(error: unknown): boolean {
  return !/certificate that is not trusted/.test(networkFault(error));
}

function nameOf({ endpoint, bucket }: S3Place): string {
  return `${new URL(endpoint).host}/${bucket}`;
}
