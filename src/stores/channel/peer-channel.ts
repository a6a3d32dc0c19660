import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BudaoError } from '../../contract/errors.ts';
import { type Channel, canBeHinted, NOTHING_BUT_A_HINT } from '../../runs/channel.ts';
import { HintPacer } from './hint-pacer.ts';
import { PeerDirectory } from './peer-directory.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from './peer-messages.ts';
import { cutTopics, PeerOutbox } from './peer-outbox.ts';
import { type ChannelObserver, EVERYBODY, type PeerTransport } from './peer-transport.ts';

/** Twice this passes at most until a server is left that keeps its connections and says nothing. */
const TICK_MS = 800;
/** What a process says to everybody comes back to itself; a little less than a tick, as timers are not exact. */
const ECHO_PATIENCE_MS = 0.9 * TICK_MS;

/**
 * The channel over a server that only passes texts on. Each process tells the others what it follows, so that what
 * happens in one turn of the event loop leaves as one text for each process that wants some of it.
 */
export class PeerChannel implements Channel {
  readonly #self = randomBytes(8).toString('hex');
  readonly #transport: PeerTransport;
  readonly #onState: ChannelObserver;
  readonly #directory = new PeerDirectory();
  readonly #outbox: PeerOutbox;
  readonly #pacer = new HintPacer((topic) => this.#tell(topic, NOTHING_BUT_A_HINT));
  readonly #listeners = new Map<string, Set<(message: string) => void>>();
  readonly #ticker: NodeJS.Timeout;
  /** Changes of what is followed here that nobody has been told yet, and how often somebody was. */
  readonly #followed = new Set<string>();
  readonly #left = new Set<string>();
  #version = 0;
  /** What this process says to itself in one turn. */
  #own: { topic: string; message: string }[] = [];
  readonly #hinted = new Set<string>();
  #isFlushDue = false;
  #connected = false;
  /** When the oldest word was said that has not come back. */
  #awaitsEchoSinceMs: number | null = null;
  #lastTold: 'up' | BudaoError | null = null;

  constructor(transport: PeerTransport, onState: ChannelObserver = () => {}) {
    this.#transport = transport;
    this.#onState = onState;
    this.#outbox = new PeerOutbox(this.#self, transport);
    this.#ticker = setInterval(() => void this.#tick(), TICK_MS);
    transport.start(this.#self, {
      onConnected: () => this.#greet(),
      onDisconnected: (reason) => this.#forgetAll(reason),
      onText: (text) => this.#read(text),
      onAbsent: (peer) => this.#directory.forget(peer),
    });
  }

  publish(topic: string, message: string): void {
    if (this.#listeners.has(topic)) this.#tellSelf(topic, message);
    const followers = this.#directory.followersOf(topic);
    if (followers === undefined) return;
    const carried = this.#carried(topic, message);
    if (carried === null) return;
    for (const peer of followers) this.#outbox.put(peer, topic, carried);
    this.#flushSoon();
  }

  publishToOne(topic: string, message: string): void {
    const chosen = this.#directory.pick(topic, this.#listeners.has(topic) ? [this.#self] : []);
    if (chosen === undefined) return;
    if (chosen === this.#self) {
      this.#tellSelf(topic, message);
      return;
    }
    const carried = this.#carried(topic, message);
    if (carried !== null) this.#outbox.put(chosen, topic, carried);
    this.#flushSoon();
  }

  subscribe(topic: string, listener: (message: string) => void): () => void {
    let listeners = this.#listeners.get(topic);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
      if (!this.#left.delete(topic)) this.#followed.add(topic);
      this.#flushSoon();
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(topic) !== listeners) return;
      this.#listeners.delete(topic);
      if (!this.#followed.delete(topic)) this.#left.add(topic);
      this.#flushSoon();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    this.#pacer[Symbol.dispose]();
    this.#flush();
    this.#say(EVERYBODY, { kind: 'bye', from: this.#self });
    this.#listeners.clear();
    await this.#transport[Symbol.asyncDispose]();
  }

  /** The message as it can be carried; null when it cannot, or when its hint is on the way already. */
  #carried(topic: string, message: string): string | null {
    const { hintsOnly } = this.#transport.limits;
    if (!(hintsOnly && canBeHinted(topic)) && this.#outbox.hasRoomFor(topic, message)) return message;
    if (!canBeHinted(topic) || this.#hinted.has(topic)) return null;
    this.#hinted.add(topic);
    return NOTHING_BUT_A_HINT;
  }

  #tellSelf(topic: string, message: string): void {
    this.#own.push({ topic, message });
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    this.#announceChanges();
    this.#hinted.clear();
    this.#outbox.flush();
    const own = this.#own;
    this.#own = [];
    for (const { topic, message } of own) this.#tell(topic, message);
  }

  #announceChanges(): void {
    if (this.#followed.size + this.#left.size === 0) return;
    this.#version += 1;
    const change = {
      kind: 'change',
      from: this.#self,
      version: this.#version,
      followed: [...this.#followed],
      left: [...this.#left],
    } as const;
    this.#followed.clear();
    this.#left.clear();
    const text = encodePeerMessage(change);
    // What is too long for one text is asked for.
    if (Buffer.byteLength(text) > this.#transport.limits.maxTextBytes) this.#sayAlive();
    else this.#transport.send(EVERYBODY, text);
  }

  #greet(): void {
    this.#connected = true;
    this.#awaitsEchoSinceMs = performance.now();
    this.#announceChanges();
    this.#say(EVERYBODY, { kind: 'hello', from: this.#self, version: this.#version });
  }

  #forgetAll(reason: BudaoError): void {
    this.#connected = false;
    this.#awaitsEchoSinceMs = null;
    this.#directory.clear();
    this.#outbox.clear();
    if (this.#lastTold instanceof Error && this.#lastTold.message === reason.message) return;
    this.#lastTold = reason;
    this.#onState('down', reason);
  }

  async #tick(): Promise<void> {
    if (this.#isSilent()) {
      // This process itself may have slept, with its own words waiting at its door.
      await nextTurn();
      await nextTurn();
      if (this.#isSilent()) this.#transport.leave(`what was sent did not come back within ${TICK_MS} ms`);
    }
    if (!this.#connected) return;
    this.#directory.tick();
    this.#sayAlive();
  }

  #isSilent(): boolean {
    const sinceMs = this.#awaitsEchoSinceMs;
    return this.#connected && sinceMs !== null && performance.now() - sinceMs >= ECHO_PATIENCE_MS;
  }

  #sayAlive(): void {
    this.#awaitsEchoSinceMs ??= performance.now();
    this.#say(EVERYBODY, { kind: 'alive', from: this.#self, version: this.#version });
  }

  #sayTopics(to: string): void {
    this.#announceChanges();
    const lists = cutTopics(this.#listeners.keys(), this.#transport.limits.maxTextBytes);
    for (const [part, topics] of lists.entries()) {
      const version = this.#version;
      this.#say(to, { kind: 'topics', from: this.#self, version, part, parts: lists.length, topics });
    }
  }

  #say(to: string, message: PeerMessage): void {
    if (this.#connected) this.#transport.send(to, encodePeerMessage(message));
  }

  #read(text: string): void {
    const message = decodePeerMessage(text);
    if (message === null) return;
    const { from } = message;
    if (from === this.#self) {
      if (message.kind === 'alive' || message.kind === 'hello') this.#hearEcho();
      return;
    }
    switch (message.kind) {
      case 'alive':
        this.#askIf(this.#directory.hearAlive(from, message.version), from);
        return;
      case 'hello':
        this.#askIf(this.#directory.hearAlive(from, message.version), from);
        this.#sayTopics(from);
        return;
      case 'change':
        this.#askIf(this.#directory.hearChange(from, message), from);
        return;
      case 'topics':
        this.#directory.hearTopics(from, message);
        return;
      case 'ask':
        this.#sayTopics(from);
        return;
      case 'bye':
        this.#directory.forget(from);
        return;
      case 'deliver':
        this.#deliver(message);
    }
  }

  #hearEcho(): void {
    this.#awaitsEchoSinceMs = null;
    if (this.#lastTold === 'up') return;
    this.#lastTold = 'up';
    this.#onState('up', null);
  }

  #askIf(isUnknown: boolean, peer: string): void {
    if (isUnknown) this.#say(peer, { kind: 'ask', from: this.#self });
  }

  #deliver({ lengths, body }: { lengths: readonly number[]; body: string }): void {
    let start = 0;
    for (let index = 0; index + 1 < lengths.length; index += 2) {
      const messageStart = start + (lengths[index] ?? 0);
      const end = messageStart + (lengths[index + 1] ?? 0);
      const topic = body.slice(start, messageStart);
      const message = body.slice(messageStart, end);
      start = end;
      if (this.#transport.limits.hintsOnly && message === NOTHING_BUT_A_HINT) this.#pacer.add(topic);
      else this.#tell(topic, message);
    }
  }

  #tell(topic: string, message: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(message);
      } catch {
        // Others may write to the same server: what makes no sense to a listener is lost, as the port allows.
      }
    }
  }
}
