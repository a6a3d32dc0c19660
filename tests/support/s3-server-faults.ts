/**
 * A proxy before a real S3 server that does to chosen requests what broken stores and networks do. It never adds what
 * the server lacks: it only takes away, delays and spoils.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Server } from './s3-server.ts';
import { signedFetch } from './signed-fetch.ts';

export interface SeenRequest {
  method: string;
  /** With the query. */
  path: string;
  isConditional: boolean;
}

export type Fault =
  | { kind: 'refuse'; status: number; code: string }
  | { kind: 'silent' }
  | { kind: 'slow'; delayMs: number }
  /** Carried out, but nobody hears of it. */
  | { kind: 'lost-answer' }
  /** The connection ends after so many bytes of the body. */
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'flip'; position: number }
  /** As a store that does not know conditions. */
  | { kind: 'unconditional' }
  | { kind: 'rewrite'; rewrite: (text: string) => string };

type Passed = { status: number; headers: [string, string][]; body: Buffer };

export class S3FaultProxy implements AsyncDisposable {
  /** Which fault a request meets; null for none. */
  choose: (request: SeenRequest) => Fault | null = () => null;
  readonly seen: SeenRequest[] = [];
  readonly #server: Server;
  readonly #target: S3Server;

  private constructor(target: S3Server) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  static async before(target: S3Server, host = '127.0.0.1'): Promise<S3FaultProxy> {
    const proxy = new S3FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve));
    return proxy;
  }

  get endpoint(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      isConditional: request.headers['if-none-match'] !== undefined,
    };
    this.seen.push(seen);
    const fault = this.choose(seen);
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'slow') await sleep(fault.delayMs);
    if (fault?.kind === 'refuse') {
      response.writeHead(fault.status, { 'content-type': 'application/xml', date: new Date().toUTCString() });
      response.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message/></Error>`);
      return;
    }
    const passed = await this.#pass(request, body, fault?.kind === 'unconditional');
    this.#answer(request, response, passed, fault);
  }

  async #pass(request: IncomingMessage, body: Buffer, isStripped: boolean): Promise<Passed> {
    const path = request.url ?? '/';
    const method = request.method ?? 'GET';
    // Signed anew, since the signature covers the host and the condition.
    const kept = Object.entries(request.headers).filter(
      ([name]) =>
        /^(?:range|if-match|x-amz-copy-source|x-amz-content-sha256|content-md5|x-amz-checksum-.*)$/.test(
          name,
        ) ||
        (name === 'if-none-match' && !isStripped),
    );
    const isPresigned = path.includes('X-Amz-Signature=');
    const headers = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
    const response = isPresigned
      ? await this.#passPresigned(method, path)
      : await signedFetch(
          this.#target.endpoint,
          { ...this.#target.user, region: this.#target.region },
          { method, path, body, headers },
        );
    const answer = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: [...response.headers], body: answer };
  }

  /** Its time limit stays in force: it is signed for the real host with the date and the limit that it came with. */
  #passPresigned(method: string, path: string): Promise<Response> {
    const url = new URL(path, this.#target.endpoint);
    const query = new URLSearchParams();
    for (const name of ['X-Amz-Date', 'X-Amz-Expires']) query.set(name, url.searchParams.get(name) ?? '');
    const request = { method, path: `${url.pathname}?${query.toString()}`, body: '', isPresigned: true };
    return signedFetch(this.#target.endpoint, { ...this.#target.user, region: this.#target.region }, request);
  }

  #answer(request: IncomingMessage, response: ServerResponse, passed: Passed, fault: Fault | null): void {
    let { body } = passed;
    if (fault?.kind === 'lost-answer') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'rewrite') body = Buffer.from(fault.rewrite(body.toString('utf8')));
    if (fault?.kind === 'flip' && body.length > fault.position) {
      body[fault.position] = (body[fault.position] as number) ^ 1;
    }
    const headers = passed.headers.filter(
      ([name]) => !/^(?:connection|transfer-encoding|content-length|keep-alive)$/.test(name),
    );
    const length =
      request.method === 'HEAD'
        ? passed.headers.filter(([name]) => name === 'content-length')
        : [['content-length', String(body.length)] as [string, string]];
    response.writeHead(passed.status, [...headers, ...length].flat());
    if (fault?.kind === 'cut' && body.length > fault.afterBytes) {
      response.write(body.subarray(0, fault.afterBytes), () => setImmediate(() => request.socket.destroy()));
      return;
    }
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
