import { encodePeerMessage } from './peer-messages.ts';
import type { PeerTransport } from './peer-transport.ts';

/** What the line of JSON before the messages takes, without their lengths. */
const HEAD_BYTES = 100;
const LENGTHS_BYTES = 16;

interface Letter {
  lengths: number[];
  parts: string[];
  bytes: number;
}

/** Gathers the messages of one turn of the event loop into as few texts as there are peers to read them. */
export class PeerOutbox {
  readonly #self: string;
  readonly #transport: PeerTransport;
  readonly #letters = new Map<string, Letter>();

  constructor(self: string, transport: PeerTransport) {
    this.#self = self;
    this.#transport = transport;
  }

  /** Whether a message can be carried at all. */
  hasRoomFor(topic: string, message: string): boolean {
    return sizeOf(topic, message) + HEAD_BYTES <= this.#transport.limits.maxTextBytes;
  }

  put(peer: string, topic: string, message: string): void {
    const bytes = sizeOf(topic, message);
    let letter = this.#letters.get(peer);
    if (letter !== undefined && letter.bytes + bytes > this.#transport.limits.maxTextBytes) {
      this.#send(peer, letter);
      letter = undefined;
    }
    if (letter === undefined) {
      letter = { lengths: [], parts: [], bytes: HEAD_BYTES };
      this.#letters.set(peer, letter);
    }
    letter.lengths.push(topic.length, message.length);
    letter.parts.push(topic, message);
    letter.bytes += bytes;
  }

  flush(): void {
    for (const [peer, letter] of this.#letters) this.#send(peer, letter);
    this.#letters.clear();
  }

  clear(): void {
    this.#letters.clear();
  }

  #send(peer: string, { lengths, parts }: Letter): void {
    const message = { kind: 'deliver', from: this.#self, lengths, body: parts.join('') } as const;
    this.#transport.send(peer, encodePeerMessage(message));
  }
}

function sizeOf(topic: string, message: string): number {
  return Buffer.byteLength(topic) + Buffer.byteLength(message) + LENGTHS_BYTES;
}

/** Cuts a list of topics into as many as are needed for each to fit into one text; at least one. */
export function cutTopics(topics: Iterable<string>, maxTextBytes: number): string[][] {
  let part: string[] = [];
  let bytes = HEAD_BYTES;
  const parts = [part];
  for (const topic of topics) {
    const topicBytes = Buffer.byteLength(JSON.stringify(topic)) + 1;
    if (bytes + topicBytes > maxTextBytes) {
      part = [];
      bytes = HEAD_BYTES;
      parts.push(part);
    }
    part.push(topic);
    bytes += topicBytes;
  }
  return parts;
}
