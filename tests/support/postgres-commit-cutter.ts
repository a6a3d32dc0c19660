/** Stands between a client and PostgreSQL, and breaks the connection off at a COMMIT, on either side of it. */
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A simple query of the wire protocol: type, length, text. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const COMMIT = Buffer.from('Q\0\0\0\u000bCOMMIT\0', 'latin1');
const LONG_ENOUGH_TO_COMMIT_MS = 300;

export type Cut = 'before the commit arrives' | 'with nothing known of it' | 'before its answer arrives';

export class CommitCutter implements AsyncDisposable {
  readonly port: number;
  /** The next COMMIT is cut; then it is null again. */
  cut: Cut | null = null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client, target));
  }

  static async start(target: number): Promise<CommitCutter> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CommitCutter(server, target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: number): void {
    const upstream = new Socket().connect(target, '127.0.0.1');
    let muted = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    upstream.on('data', (chunk) => {
      if (!muted) client.write(chunk);
    });
    client.on('data', (chunk: Buffer) => {
      const at = this.cut === null ? -1 : chunk.indexOf(COMMIT);
      if (at < 0) {
        upstream.write(chunk);
        return;
      }
      const { cut } = this;
      this.cut = null;
      if (cut === 'before its answer arrives') {
        // The transaction's number is asked for first, and its answer still comes through.
        upstream.write(chunk.subarray(0, at));
        void sleep(LONG_ENOUGH_TO_COMMIT_MS).then(() => {
          muted = true;
          upstream.write(chunk.subarray(at));
          return sleep(LONG_ENOUGH_TO_COMMIT_MS).then(end);
        });
      } else if (cut === 'before the commit arrives') {
        upstream.write(chunk.subarray(0, at));
        void sleep(LONG_ENOUGH_TO_COMMIT_MS).then(end);
      } else {
        end();
      }
    });
  }
}
