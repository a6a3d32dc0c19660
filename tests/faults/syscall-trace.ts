/** One finished system call, in the order in which the calls ended. */
export interface SystemCall {
  name: string;
  /** Everything between the parentheses, as strace prints it. */
  args: string;
  /** What the first descriptor points to: a path, `TCP:[…]` or `UNIX-STREAM:[…]`. */
  target: string;
}

/** Reads `strace -f -yy -o`; calls that were interrupted by other threads' lines are put together again. */
export function parseTrace(text: string): SystemCall[] {
  const unfinished = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of text.split('\n')) {
    const thread = /^\s*(\d+)\s+/.exec(line)?.[1];
    if (thread === undefined) continue;
    let rest = line.replace(/^\s*\d+\s+/, '');
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, rest.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest);
    if (resumed !== null) rest = (unfinished.get(thread) ?? '') + rest.slice(resumed[0].length);
    const parsed = /^(\w+)\((.*)\)\s+= (-?\d+)/s.exec(rest);
    if (parsed === null || Number(parsed[3]) < 0) continue;
    const [, name = '', args = ''] = parsed;
    const target = /^\d+<((?:[^<>]|<[^<>]*>|->)*)>/.exec(args)?.[1] ?? '';
    calls.push({ name, args, target });
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
  const dirty = new Set<string>();
  const unsynced: string[] = [];
  let acknowledgements = 0;
  for (const call of calls) {
    const isSocket = /^(TCP|TCPv6|UNIX)/.test(call.target);
    if (isSocket) {
      if (!call.args.replaceAll('\\"', '"').includes(mark)) continue;
      acknowledgements++;
      if (dirty.size > 0) unsynced.push(`${mark} before the sync of ${[...dirty].join(', ')}`);
    } else if (call.name === 'fsync' || call.name === 'fdatasync') {
      dirty.delete(call.target);
    } else if (call.name.startsWith('rename')) {
      noteRename(call.args, dirty);
    } else if (isDurable(call.target)) {
      dirty.add(call.target);
    }
  }
  return { acknowledgements, unsynced };
}

/** A file that was synced under its temporary name is clean under the new one; the new name is its folder's news. */
function noteRename(args: string, dirty: Set<string>): void {
  const [from, to] = [...args.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
  if (from === undefined || to === undefined || !isDurable(to)) return;
  if (dirty.delete(from)) dirty.add(to);
  dirty.add(to.slice(0, to.lastIndexOf('/')));
}

/** The log of the ledger and the blobs. The ledger's main file and shared memory may lag behind: the log has it all. */
function isDurable(target: string): boolean {
  return target.endsWith('ledger.db-wal') || /\/blobs(\/|$)/.test(target);
}
