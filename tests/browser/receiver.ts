/** Somebody to whom alerts are sent: an HTTP server that keeps what came and checks its signature. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedMessage {
  path: string;
  body: string;
  isSigned: boolean;
}

export class Receiver implements AsyncDisposable {
  readonly secret = `whsec_${Buffer.from('only the receiver knows it').toString('base64')}`;
  readonly messages: ReceivedMessage[] = [];
  /** What it answers from now on. */
  status = 204;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        const header = (name: string) => String(request.headers[name]);
        const signed = `${header('webhook-id')}.${header('webhook-timestamp')}.${body}`;
        const key = Buffer.from(this.secret.slice('whsec_'.length), 'base64');
        const signature = createHmac('sha256', key).update(signed).digest('base64');
        const isSigned = header('webhook-signature') === `v1,${signature}`;
        this.messages.push({ path: request.url ?? '', body, isSigned });
        response.writeHead(this.status).end();
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
