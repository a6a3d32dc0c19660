/** Stands before a TCP server: delays what it says, changes it, leads elsewhere, or lets nobody through. */
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { freePort } from './free-port.ts';

export class TcpFaultProxy implements AsyncDisposable {
  readonly port: number;
  /** Null: whoever comes is turned away. */
  target: number | null;
  /** Of each piece that the server sends. */
  delayMs = 0;
  /** Of each piece that the server sends. */
  rewrite: (chunk: Buffer) => Buffer = (chunk) => chunk;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number | null) {
    this.#server = server;
    this.target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client));
  }

  static async start(target: number | null): Promise<TcpFaultProxy> {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new TcpFaultProxy(server, target);
  }

  /** All connections break; new ones go where the proxy leads now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  leadTo(target: number | null): void {
    this.target = target;
    this.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    if (this.target === null) {
      client.destroy();
      return;
    }
    const upstream = new Socket().connect(this.target, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => {
      const changed = this.rewrite(chunk);
      if (this.delayMs === 0) client.write(changed);
      else setTimeout(() => client.write(changed), this.delayMs);
    });
  }
}
