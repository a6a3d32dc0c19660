import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Frame, FrameReader, OPERATION } from './frames.ts';
import { leaveSocketPlace, takeSocketPlace } from './socket-place.ts';

/** A subscriber that reads so slowly loses its connection, and catches up from the ledger after it has reconnected. */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;
/** How often a hub looks whether its socket file is still there: people and programs tidy temporary folders. */
const CHECK_INTERVAL_MS = 5_000;

/** The live channel's middle: passes frames between the processes of one machine over a socket file. */
export class SocketHub implements AsyncDisposable {
  readonly #path: string;
  readonly #check: NodeJS.Timeout;
  readonly #sockets = new Set<Socket>();
  readonly #subscribers = new Map<string, Set<Socket>>();
  readonly #turn = new Map<string, number>();
  #server: Server | null = null;
  #relistening: Promise<void> | null = null;

  private constructor(path: string, checkIntervalMs: number) {
    this.#path = path;
    this.#check = setInterval(() => this.#relisten(), checkIntervalMs);
  }

  /** Takes the place of a socket file that a dead process left behind; the data folder's lock keeps out living ones. */
  static async listen(path: string, options: { checkIntervalMs?: number } = {}): Promise<SocketHub> {
    const hub = new SocketHub(path, options.checkIntervalMs ?? CHECK_INTERVAL_MS);
    try {
      await hub.#listen();
    } catch (error) {
      clearInterval(hub.#check);
      throw error;
    }
    return hub;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#check);
    await this.#relistening;
    const closed = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await leaveSocketPlace(this.#path);
  }

  async #listen(): Promise<void> {
    const socketPath = await takeSocketPlace(this.#path);
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // A connection that cannot be accepted, for want of files, is tried again by the other end.
    server.on('error', () => {});
    this.#server = server;
  }

  /** Connections that exist stay; closing the old server first keeps it from removing the new one's file. */
  #relisten(): void {
    if (this.#server === null || this.#relistening !== null || existsSync(this.#path)) return;
    this.#server.close();
    this.#relistening = this.#listen()
      .catch(() => {
        // As on a full disk: the next look tries again, and runs are found without the hub meanwhile.
      })
      .finally(() => {
        this.#relistening = null;
      });
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader();
    this.#sockets.add(socket);
    socket.on('data', (chunk) => {
      try {
        const outgoing = new Map<Socket, Buffer[]>();
        for (const frame of reader.push(chunk)) this.#handle(socket, frame, outgoing);
        for (const [subscriber, frames] of outgoing) send(subscriber, frames);
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

  /** What goes to one subscriber is gathered in `outgoing`, to leave in one system call. */
  #handle(socket: Socket, { operation, topic, bytes }: Frame, outgoing: Map<Socket, Buffer[]>): void {
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
        for (const subscriber of subscribers ?? []) gather(outgoing, subscriber, bytes);
        return;
      case OPERATION.publishToOne: {
        const inTurn = [...(subscribers ?? [])];
        const turn = (this.#turn.get(topic) ?? 0) % Math.max(1, inTurn.length);
        this.#turn.set(topic, turn + 1);
        const chosen = inTurn[turn];
        if (chosen !== undefined) gather(outgoing, chosen, bytes);
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

function gather(outgoing: Map<Socket, Buffer[]>, socket: Socket, bytes: Buffer): void {
  const frames = outgoing.get(socket);
  if (frames === undefined) outgoing.set(socket, [bytes]);
  else frames.push(bytes);
}

function send(socket: Socket, frames: readonly Buffer[]): void {
  if (socket.writableLength > MAX_BUFFERED_BYTES) socket.destroy();
  else socket.write(frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames));
}
