import { grouped, type History, type OperationOf, type Violation } from './history.ts';

type Write = OperationOf<'write'>;

/**
 * A read gives the value of a write that was not overwritten before it began, and that had begun before it ended. Of
 * writes whose outcome nobody knows, each may count at any time.
 */
export function checkRegisters(history: History): Violation[] {
  const writes = grouped(history.of('write'), (write) => write.register);
  return history.of('read').flatMap((read) => {
    const own = writes.get(read.register) ?? [];
    const settled = own.filter((write) => write.endedMs < read.startedMs);
    const possible = own.filter(
      (write) => write.startedMs < read.endedMs && !settled.some((later) => later.startedMs > write.endedMs),
    );
    if (possible.some((write) => write.value === read.value)) return [];
    if (settled.length === 0 && !own.some((write) => write.value === read.value)) return [];
    return [{ rule: ruleFor(own, read.value), detail: `${read.register}: ${read.value}` }];
  });
}

function ruleFor(own: readonly Write[], value: string | null): string {
  return own.some((write) => write.value === value) ? 'read went back' : 'value from nowhere';
}
