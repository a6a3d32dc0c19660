/** What clients did and saw, with the times at which they asked and were answered; kept outside of the service. */

/** `endedMs` is Infinity while nobody knows the outcome: it may have happened, or happen yet. */
interface Timed {
  startedMs: number;
  endedMs: number;
}

export interface SeenItem {
  id: string;
  role: string;
  text: string;
}

export type Operation = Timed &
  (
    | { kind: 'ask'; conversationId: string; question: string; responseId: string | null }
    | { kind: 'items'; conversationId: string; items: readonly SeenItem[] }
    /** `missing` when the service said that there is none. */
    | { kind: 'answer'; responseId: string; status: string; text: string }
    | { kind: 'upload'; documentId: string | null; sha256: string }
    | { kind: 'delete'; documentId: string }
    | { kind: 'documents'; documentIds: readonly string[] }
    /** The hash of what came back; null when it was not there. */
    | { kind: 'content'; documentId: string; sha256: string | null }
    /** Of a value that only one client changes, such as a title. */
    | { kind: 'write'; register: string; value: string }
    | { kind: 'read'; register: string; value: string | null }
  );

export type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

/** One event of a stream as one reader saw it. */
export interface SeenEvent {
  /** Unique for each time that somebody follows an answer, through however many connections. */
  reader: string;
  responseId: string;
  sequence: number;
  type: string;
  text: string | null;
  atMs: number;
}

export interface Violation {
  rule: string;
  detail: string;
}

export class History {
  readonly operations: Operation[] = [];
  readonly events: SeenEvent[] = [];

  add(operation: Operation): void {
    this.operations.push(operation);
  }

  of<K extends Operation['kind']>(kind: K): OperationOf<K>[] {
    return this.operations.filter((operation): operation is OperationOf<K> => operation.kind === kind);
  }
}

export function byStart(left: Timed, right: Timed): number {
  return left.startedMs - right.startedMs;
}

export function grouped<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
