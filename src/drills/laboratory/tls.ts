/** TLS before the model, with certificates that the laboratory signs itself: good ones, expired ones, and of other hosts. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { run } from '../commands.ts';
import { freePort } from './free-port.ts';

export const CERTIFICATES = ['good', 'expired', 'wrong-host'] as const;
export type Certificate = (typeof CERTIFICATES)[number];

/** A certificate that ended yesterday has expired, whenever it began. */
const DAYS = { good: 30, expired: -1, 'wrong-host': 30 } as const;

export class TlsFront implements AsyncDisposable {
  readonly port: number;
  readonly authorityFile: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, port: number, server: Server) {
    this.#folder = folder;
    this.port = port;
    this.#server = server;
    this.authorityFile = join(folder, 'ca.pem');
  }

  static async start(folder: string, host: string, targetPort: number): Promise<TlsFront> {
    await makeCertificates(folder, host);
    const port = await freePort();
    const server = createServer(pairOf(folder, 'good'));
    const front = new TlsFront(folder, port, server);
    server.on('secureConnection', (socket) => front.#join(socket, host, targetPort));
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return front;
  }

  /** Who is connected already is cut off, as by a restart of the server. */
  present(certificate: Certificate): void {
    this.#server.setSecureContext(pairOf(this.#folder, certificate));
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: TLSSocket, host: string, port: number): void {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.pipe(upstream).pipe(client);
  }
}

function pairOf(folder: string, certificate: Certificate): { key: Buffer; cert: Buffer } {
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return { key: read(`${certificate}.key`), cert: read(`${certificate}.pem`) };
}

async function makeCertificates(folder: string, host: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const openssl = (...args: string[]) => run('openssl', args, { folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=drill',
    '-days',
    '30',
  );
  for (const name of CERTIFICATES) {
    const named = name === 'wrong-host' ? 'DNS:elsewhere.invalid' : `IP:${host}`;
    const request = ['-addext', `subjectAltName=${named}`, '-subj', `/CN=${name}`];
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...request);
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copyall'];
    const valid = ['-days', String(DAYS[name])];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...sign, ...valid, '-out', `${name}.pem`);
  }
}
