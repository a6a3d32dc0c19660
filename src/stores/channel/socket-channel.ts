import { connect, type Socket } from 'node:net';
import type { Channel } from '../../runs/channel.ts';
import { encodeFrame, type Frame, FrameReader, OPERATION } from './frames.ts';
import { findSocket } from './socket-place.ts';

const RECONNECT_MS = [10, 20, 50, 100, 200];
/** What waits for a hub that is frozen; then the connection is given up with all of it, and made again. */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;

/** A process's end of the hub. Connects again by itself; what is published meanwhile is lost, as the port allows. */
export class SocketChannel implements Channel {
  readonly #path: string;
  readonly #listeners = new Map<string, Set<(message: string) => void>>();
  #socket: Socket | null = null;
  #connected = false;
  #attempt = 0;
  #retry: NodeJS.Timeout | null = null;
  #corked = false;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    this.#connect();
  }

  publish(topic: string, message: string): void {
    this.#send(encodeFrame(OPERATION.publish, topic, message));
  }

  publishToOne(topic: string, message: string): void {
    this.#send(encodeFrame(OPERATION.publishToOne, topic, message));
  }

  subscribe(topic: string, listener: (message: string) => void): () => void {
    let listeners = this.#listeners.get(topic);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
      this.#send(encodeFrame(OPERATION.subscribe, topic, ''));
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(topic) !== listeners) return;
      this.#listeners.delete(topic);
      this.#send(encodeFrame(OPERATION.unsubscribe, topic, ''));
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === null || !this.#connected) {
      socket?.destroy();
      return;
    }
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
      setTimeout(() => socket.destroy(), 500).unref();
    });
  }

  #connect(): void {
    let path: string;
    try {
      path = findSocket(this.#path);
    } catch {
      this.#connectLater();
      return;
    }
    const socket = connect(path);
    const reader = new FrameReader();
    this.#socket = socket;
    socket.on('connect', () => {
      this.#connected = true;
      this.#attempt = 0;
      for (const topic of this.#listeners.keys()) this.#send(encodeFrame(OPERATION.subscribe, topic, ''));
    });
    socket.on('data', (chunk) => {
      for (const frame of readFrames(reader, chunk, socket)) {
        const listeners = this.#listeners.get(frame.topic);
        if (listeners === undefined) continue;
        const message = frame.message();
        for (const listener of listeners) listener(message);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connected = false;
      this.#connectLater();
    });
  }

  #connectLater(): void {
    if (this.#closed) return;
    const delayMs = RECONNECT_MS[Math.min(this.#attempt++, RECONNECT_MS.length - 1)] ?? 200;
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }

  /** Frames that are sent in one go leave in one system call. */
  #send(frame: Buffer): void {
    const socket = this.#socket;
    if (socket === null || !this.#connected) return;
    if (socket.writableLength > MAX_BUFFERED_BYTES) {
      this.#connected = false;
      socket.destroy();
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(frame);
  }
}

/** None from a peer that sends something else than frames: it is left, and may speak better next time. */
function readFrames(reader: FrameReader, chunk: Buffer, socket: Socket): Frame[] {
  try {
    return reader.push(chunk);
  } catch {
    socket.destroy();
    return [];
  }
}
