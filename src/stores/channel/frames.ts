/** Length-prefixed frames of the hub: u32 length, u8 operation, u16 topic length, topic, message; big-endian. */
export const OPERATION = { subscribe: 1, unsubscribe: 2, publish: 3, publishToOne: 4 } as const;
export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

const HEADER_BYTES = 7;
/** Far above the largest batch of events; a longer frame means a peer that does not speak this protocol. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export function encodeFrame(operation: Operation, topic: string, message: string): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const messageBytes = Buffer.byteLength(message);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + topicBytes + messageBytes);
  frame.writeUInt32BE(3 + topicBytes + messageBytes, 0);
  frame.writeUInt8(operation, 4);
  frame.writeUInt16BE(topicBytes, 5);
  frame.write(topic, HEADER_BYTES);
  frame.write(message, HEADER_BYTES + topicBytes);
  return frame;
}

export interface Frame {
  operation: number;
  topic: string;
  /** The whole frame as it came, to be passed on without encoding it again. */
  bytes: Buffer;
  message(): string;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RangeError when the peer sends something else than frames. */
  push(chunk: Buffer): Frame[] {
    let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (buffer.length >= 4) {
      const length = buffer.readUInt32BE(0);
      if (length < 3 || length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes`);
      if (buffer.length < 4 + length) break;
      frames.push(decodeFrame(buffer.subarray(0, 4 + length)));
      buffer = buffer.subarray(4 + length);
    }
    this.#rest = buffer;
    return frames;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const messageStart = HEADER_BYTES + bytes.readUInt16BE(5);
  return {
    operation: bytes.readUInt8(4),
    topic: bytes.toString('utf8', HEADER_BYTES, messageStart),
    bytes,
    message: () => bytes.toString('utf8', messageStart),
  };
}
