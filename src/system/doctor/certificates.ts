/** What certificates files and servers show. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { readRedisAddress } from '../../stores/channel/redis-address.ts';
import { readPostgresAddress } from '../../stores/ledger/postgres-address.ts';
import type { Bucket } from '../bucket-settings.ts';
import type { Configuration } from '../configuration.ts';

/** RFC of PostgreSQL's protocol, SSLRequest: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export interface SeenCertificate {
  subject: string;
  validFrom: Date;
  validTo: Date;
  /** Why a client would not trust the server; null where it would, and for files. */
  distrust: string | null;
}

export interface TlsServer {
  host: string;
  port: number;
  isPostgres: boolean;
  authorityFile: string | null;
}

/** Every certificate that the settings name as a file. */
export function certificateFiles(configuration: Configuration): string[] {
  const { ledger, channel } = configuration.stores;
  const files: (string | null)[] = bucketsOf(configuration).map((bucket) => bucket.certificateAuthorityFile);
  if (ledger.url !== null) {
    const { rootCertificatePath, certificatePath } = readPostgresAddress(ledger.url);
    files.push(rootCertificatePath, certificatePath);
  }
  if (channel.url !== null) {
    const { rootCertificatePath, certificatePath } = readRedisAddress(channel.url);
    files.push(rootCertificatePath, certificatePath);
  }
  return [...new Set(files.filter((path) => path !== null))];
}

/** Every server that the settings have this program call over TLS. */
export function tlsServers(configuration: Configuration): TlsServer[] {
  const { stores, models, embedder } = configuration;
  const servers: TlsServer[] = [];
  const addUrl = (text: string, authorityFile: string | null): void => {
    const { protocol, hostname, port } = new URL(text);
    if (protocol !== 'https:') return;
    const host = hostname.replace(/^\[|\]$/g, '');
    servers.push({ host, port: Number(port || 443), isPostgres: false, authorityFile });
  };
  for (const { baseUrl } of models) addUrl(baseUrl, null);
  if (embedder !== null && 'baseUrl' in embedder) addUrl(embedder.baseUrl, null);
  for (const bucket of bucketsOf(configuration)) addUrl(bucket.endpoint, bucket.certificateAuthorityFile);
  if (stores.ledger.url !== null) {
    const { hosts, tlsMode, rootCertificatePath } = readPostgresAddress(stores.ledger.url);
    for (const { host, port } of tlsMode === 'disable' ? [] : hosts)
      servers.push({ host, port, isPostgres: true, authorityFile: rootCertificatePath });
  }
  if (stores.channel.url !== null) {
    const { hosts, tls, rootCertificatePath } = readRedisAddress(stores.channel.url);
    for (const { host, port } of tls ? hosts : [])
      servers.push({ host, port, isPostgres: false, authorityFile: rootCertificatePath });
  }
  const names = servers.map(({ host, port }) => `${host}:${port}`);
  return servers.filter((_, index) => names.indexOf(names[index] ?? '') === index);
}

function bucketsOf({ stores, backup }: Configuration): Bucket[] {
  const all = [stores.blobs.bucket, ...backup.repositories.map(({ bucket }) => bucket)];
  return all.filter((bucket) => bucket !== null);
}

/** All certificates of a PEM file. @throws Error where there is none */
export async function readCertificates(path: string): Promise<SeenCertificate[]> {
  const text = await readFile(path, 'utf8');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`${path} holds no certificate`);
  return blocks.map((block) => seen(new X509Certificate(block), null));
}

/** @throws Error where nobody answers, or not in TLS, within the time */
export async function askCertificate(server: TlsServer, limitMs: number): Promise<SeenCertificate> {
  const { host, port, authorityFile, isPostgres } = server;
  const ca = authorityFile === null ? undefined : await readFile(authorityFile);
  const signal = AbortSignal.timeout(limitMs);
  const plain = connectPlain({ host, port, signal });
  try {
    await once(plain, 'connect');
    if (isPostgres) await requestTls(plain);
    const socket = connectTls({
      socket: plain,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ...(ca === undefined ? {} : { ca }),
      host,
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw new Error('the server showed no certificate');
    const { authorizationError } = socket;
    return seen(certificate, authorizationError ? String(authorizationError) : null);
  } finally {
    plain.destroy();
  }
}

/** Of events that end in one way or in an error. */
function once(socket: Socket | TLSSocket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}

async function requestTls(socket: Socket): Promise<void> {
  const answer = new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  socket.write(SSL_REQUEST);
  if ((await answer).toString('latin1') !== 'S') throw new Error('the server speaks no TLS');
}

function seen(certificate: X509Certificate, distrust: string | null): SeenCertificate {
  return {
    subject: certificate.subject.replaceAll('\n', ', '),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    distrust,
  };
}
