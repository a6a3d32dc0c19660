/**
 * What the processes of an installation say to one another: a line of JSON, and for messages a body behind it, in which
 * topics and messages stand one after another. One text, so that it is encoded and decoded in one go.
 */

export type PeerMessage =
  /** Said every now and then. `version` counts the changes of what the sender follows. */
  | { kind: 'alive'; from: string; version: number }
  /** The first word after connecting: everybody answers with `topics`. */
  | { kind: 'hello'; from: string; version: number }
  /** All that the sender follows, in `parts` texts. */
  | { kind: 'topics'; from: string; version: number; part: number; parts: number; topics: readonly string[] }
  /** What has changed since the version before. */
  | { kind: 'change'; from: string; version: number; followed: readonly string[]; left: readonly string[] }
  /** Asks for `topics`. */
  | { kind: 'ask'; from: string }
  | { kind: 'bye'; from: string }
  /** `lengths` has those of topic and message in turn, in UTF-16 units of the body. */
  | { kind: 'deliver'; from: string; lengths: readonly number[]; body: string };

export function encodePeerMessage(message: PeerMessage): string {
  if (message.kind !== 'deliver') return JSON.stringify(message);
  const { body, ...head } = message;
  return `${JSON.stringify(head)}\n${body}`;
}

/** @returns null for what no process of this program says */
export function decodePeerMessage(text: string): PeerMessage | null {
  const headEnd = text.indexOf('\n');
  try {
    const head = JSON.parse(headEnd < 0 ? text : text.slice(0, headEnd)) as Record<string, unknown>;
    if (typeof head !== 'object' || head === null || typeof head.from !== 'string') return null;
    const message = { ...head, ...(headEnd < 0 ? {} : { body: text.slice(headEnd + 1) }) };
    return isComplete(message) ? (message as PeerMessage) : null;
  } catch {
    return null;
  }
}

function isComplete(message: Record<string, unknown>): boolean {
  switch (message.kind) {
    case 'ask':
    case 'bye':
      return true;
    case 'alive':
    case 'hello':
      return isCount(message.version);
    case 'topics':
      return [message.version, message.part, message.parts].every(isCount) && areTexts(message.topics);
    case 'change':
      return isCount(message.version) && areTexts(message.followed) && areTexts(message.left);
    case 'deliver':
      return (
        typeof message.body === 'string' && Array.isArray(message.lengths) && message.lengths.every(isCount)
      );
    default:
      return false;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
