/** One finished system call, in the order in which the calls ended. */
export interface SystemCall {
  name: string;
  /** Everything between the parentheses, as strace prints it. */
  args: string;
  /** What the first descriptor points to: a path, `TCP:[…]` or `UNIX-STREAM:[…]`. */
  target: string;
  /** How many calls had ended when it began: one that ended later may have come too late for it. */
  begunAfter: number;
}

/** Reads `strace -f -yy -o`; calls that were interrupted by other threads' lines are put together again. */
export function parseTrace(text: string): SystemCall[] {
  const unfinished = new Map<string, { text: string; begunAfter: number }>();
  const calls: SystemCall[] = [];
  for (const line of text.split('\n')) {
    const thread = /^\s*(\d+)\s+/.exec(line)?.[1];
    if (thread === undefined) continue;
    let rest = line.replace(/^\s*\d+\s+/, '');
    if (rest.endsWith('<unfinished ...>')) {
      const text = rest.slice(0, -'<unfinished ...>'.length);
      unfinished.set(thread, { text, begunAfter: calls.length });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest);
    const begun = resumed === null ? undefined : unfinished.get(thread);
    if (resumed !== null) rest = (begun?.text ?? '') + rest.slice(resumed[0].length);
    const parsed = /^(\w+)\((.*)\)\s+= (-?\d+)/s.exec(rest);
    if (parsed === null || Number(parsed[3]) < 0) continue;
    const [, name = '', args = ''] = parsed;
    const target = /^\d+<((?:[^<>]|<[^<>]*>|->)*)>/.exec(args)?.[1] ?? '';
    calls.push({ name, args, target, begunAfter: begun?.begunAfter ?? calls.length });
  }
  return calls;
}

/**
 * Every write to a socket that carries `mark` is an acknowledgement: at that moment nothing may be written but not
 * synced, neither in the ledger's log nor in a stored file, and no renamed file's folder may be unsynced.
 */
export function findUnsyncedAcknowledgements(
  calls: readonly SystemCall[],
  mark: string,
): { acknowledgements: number; unsynced: string[] } {
  /** By path, the place of the last call that wrote to it. */
  const dirty = new Map<string, number>();
  const unsynced: string[] = [];
  let acknowledgements = 0;
  const isAcknowledgement = (call: SystemCall) =>
    isSocket(call.target) && call.args.replaceAll('\\"', '"').includes(mark);
  // What is acknowledged counts from when its call began, what is written and synced from when its call ended.
  const steps = calls
    .map((call, place) => ({ call, place, at: isAcknowledgement(call) ? call.begunAfter - 0.5 : place }))
    .toSorted((one, other) => one.at - other.at);
  for (const { call, place } of steps) {
    if (isSocket(call.target)) {
      if (!isAcknowledgement(call)) continue;
      acknowledgements++;
      if (dirty.size > 0) unsynced.push(`${mark} before the sync of ${[...dirty.keys()].join(', ')}`);
    } else if (call.name === 'fsync' || call.name === 'fdatasync') {
      if ((dirty.get(call.target) ?? 0) < call.begunAfter) dirty.delete(call.target);
    } else if (call.name.startsWith('rename')) {
      noteRename(call.args, dirty, place);
    } else if (isDurable(call.target)) {
      dirty.set(call.target, place);
    }
  }
  return { acknowledgements, unsynced };
}

function isSocket(target: string): boolean {
  return /^(TCP|TCPv6|UNIX)/.test(target);
}

/** A file that was synced under its temporary name is clean under the new one; the new name is its folder's news. */
function noteRename(args: string, dirty: Map<string, number>, place: number): void {
  const [from, to] = [...args.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
  if (from === undefined || to === undefined || !isDurable(to)) return;
  if (dirty.delete(from)) dirty.set(to, place);
  dirty.set(to.slice(0, to.lastIndexOf('/')), place);
}

/** The log of the ledger and the blobs. The ledger's main file and shared memory may lag behind: the log has it all. */
function isDurable(target: string): boolean {
  return target.endsWith('ledger.db-wal') || /\/blobs(\/|$)/.test(target);
}
