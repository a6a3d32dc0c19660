/** Stands before a TCP server: delays what it says, changes it, leads elsewhere, or lets nobody through. */
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { freePort } from './free-port.ts';

export interface Upstream {
  host: string;
  port: number;
}

export class TcpFaultProxy implements AsyncDisposable {
  readonly port: number;
  /** Null: whoever comes is turned away. */
  target: Upstream | null;
  /** Of each piece that the server sends. */
  delayMs = 0;
  /** How much of what the server sends passes in a second; null for all of it. */
  bytesPerSecond: number | null = null;
  /** Connections are accepted, and nothing is passed on in either direction. */
  isSilent = false;
  /** Whoever comes is answered with a reset, and so is everybody who is there. */
  isResetting = false;
  /** Of each piece that the server sends. */
  rewrite: (chunk: Buffer) => Buffer = (chunk) => chunk;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: Upstream | null) {
    this.#server = server;
    this.target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client));
  }

  /** @param target a port of this machine, or another place */
  static async start(target: number | Upstream | null, host = '127.0.0.1'): Promise<TcpFaultProxy> {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return new TcpFaultProxy(server, placeOf(target));
  }

  /** All connections break; new ones go where the proxy leads now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  leadTo(target: number | Upstream | null): void {
    this.target = placeOf(target);
    this.cut();
  }

  /** Whether everything passes, as it is. */
  get isWhole(): boolean {
    const passes = this.target !== null && !this.isSilent && !this.isResetting;
    return passes && this.delayMs === 0 && this.bytesPerSecond === null;
  }

  /** Everything passes again, as it is. What was held back meanwhile is lost with its connection. */
  heal(): void {
    const lostSomething = this.isSilent;
    this.delayMs = 0;
    this.bytesPerSecond = null;
    this.isSilent = false;
    this.isResetting = false;
    this.rewrite = (chunk) => chunk;
    if (lostSomething) this.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    if (this.isResetting) {
      client.resetAndDestroy();
      return;
    }
    if (this.target === null) {
      client.destroy();
      return;
    }
    const upstream = new Socket().connect(this.target.port, this.target.host);
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
    client.on('data', (chunk) => {
      if (!this.isSilent) upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => this.#passOn(chunk, upstream, client));
  }

  #passOn(chunk: Buffer, upstream: Socket, client: Socket): void {
    if (this.isSilent) return;
    const changed = this.rewrite(chunk);
    if (this.bytesPerSecond !== null) {
      upstream.pause();
      setTimeout(() => upstream.resume(), (changed.length * 1_000) / this.bytesPerSecond);
    }
    if (this.delayMs === 0) client.write(changed);
    else setTimeout(() => client.write(changed), this.delayMs);
  }
}

function placeOf(target: number | Upstream | null): Upstream | null {
  return typeof target === 'number' ? { host: '127.0.0.1', port: target } : target;
}
