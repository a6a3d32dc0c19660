import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { FrameReader, OPERATION } from './frames.ts';

/** A subscriber that reads so slowly loses its connection, and catches up from the ledger after it has reconnected. */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;

/** The live channel's middle: passes frames between the processes of one machine over a socket file. */
export class SocketHub implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribers = new Map<string, Set<Socket>>();
  readonly #turn = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Takes the place of a socket file that a dead process left behind; the data folder's lock keeps out living ones. */
  static async listen(path: string): Promise<SocketHub> {
    await rm(path, { force: true });
    const server = createServer();
    const hub = new SocketHub(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return hub;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader();
    this.#sockets.add(socket);
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk))
          this.#handle(socket, frame.operation, frame.topic, frame.bytes);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const [topic, sockets] of this.#subscribers) {
        sockets.delete(socket);
        if (sockets.size === 0) this.#forget(topic);
      }
    });
  }

  #handle(socket: Socket, operation: number, topic: string, bytes: Buffer): void {
    const subscribers = this.#subscribers.get(topic);
    switch (operation) {
      case OPERATION.subscribe:
        if (subscribers === undefined) this.#subscribers.set(topic, new Set([socket]));
        else subscribers.add(socket);
        return;
      case OPERATION.unsubscribe:
        subscribers?.delete(socket);
        if (subscribers?.size === 0) this.#forget(topic);
        return;
      case OPERATION.publish:
        for (const subscriber of subscribers ?? []) send(subscriber, bytes);
        return;
      case OPERATION.publishToOne: {
        const inTurn = [...(subscribers ?? [])];
        const turn = (this.#turn.get(topic) ?? 0) % Math.max(1, inTurn.length);
        this.#turn.set(topic, turn + 1);
        const chosen = inTurn[turn];
        if (chosen !== undefined) send(chosen, bytes);
        return;
      }
      default:
        socket.destroy();
    }
  }

  #forget(topic: string): void {
    this.#subscribers.delete(topic);
    this.#turn.delete(topic);
  }
}

function send(socket: Socket, bytes: Buffer): void {
  if (socket.writableLength > MAX_BUFFERED_BYTES) socket.destroy();
  else socket.write(bytes);
}
