/**
 * What undoes a fault or takes a laboratory apart, as plain values that can be stored before anything is done. Whoever
 * finds them can carry them out: the drill itself, its watchdog, or `budao drill abort`. Each may be done again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { chmod, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../commands.ts';
import { waitUntil } from '../wait-until.ts';
import { isSame, processesOf, signal } from './processes.ts';

/** A folder without it is never removed. */
export const MARK_FILE = '.budao-drill';

const KILL_DEADLINE_MS = 20_000;
const COMMAND_DEADLINE_MS = 120_000;
const MOST_MOUNTS_ON_TOP = 16;

const path = z.string().startsWith('/');
const processOf = { pid: z.int().min(2), startedTicks: z.number() };

export const UndoAct = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('processes.end'), mark: z.string().min(8), folder: path }),
  z.strictObject({ act: z.literal('process.continue'), ...processOf }),
  z.strictObject({ act: z.literal('namespace.delete'), name: z.string().min(1) }),
  z.strictObject({ act: z.literal('link.delete'), name: z.string().min(1) }),
  z.strictObject({ act: z.literal('rules.delete'), namespace: z.string().min(1), table: z.string().min(1) }),
  z.strictObject({ act: z.literal('mount.end'), path }),
  z.strictObject({ act: z.literal('path.rename'), from: path, to: path }),
  z.strictObject({ act: z.literal('path.mode'), path, mode: z.int().min(0).max(0o7777) }),
  z.strictObject({ act: z.literal('file.remove'), path }),
  z.strictObject({ act: z.literal('folder.remove'), path, mark: z.string().min(8) }),
  z.strictObject({ act: z.literal('group.remove'), path }),
  z.strictObject({
    act: z.literal('command'),
    command: z.string().min(1),
    probe: z.string().min(1),
  }),
]);
export type UndoAct = z.infer<typeof UndoAct>;

/** Does no harm when it was done before, or when what it is about never came to be. */
export async function carryOut(act: UndoAct): Promise<void> {
  switch (act.act) {
    case 'processes.end':
      return endProcesses(act);
    case 'process.continue':
      if (isSame(act)) signal(act.pid, 'SIGCONT');
      return;
    case 'namespace.delete':
      return void (await run('ip', ['netns', 'del', act.name]).catch(ignore));
    case 'link.delete':
      return void (await run('ip', ['link', 'del', act.name]).catch(ignore));
    case 'rules.delete': {
      const remove = ['nft', 'delete', 'table', 'inet', act.table];
      return void (await run('ip', ['netns', 'exec', act.namespace, ...remove]).catch(ignore));
    }
    case 'mount.end':
      return endMount(act.path);
    case 'path.rename':
      if (existsSync(act.from) && !existsSync(act.to)) await rename(act.from, act.to);
      return;
    case 'path.mode':
      if (existsSync(act.path)) await chmod(act.path, act.mode);
      return;
    case 'file.remove':
      return rm(act.path, { force: true });
    case 'folder.remove':
      return removeFolder(act.path, act.mark);
    case 'group.remove':
      return removeGroup(act.path);
    case 'command':
      await run('sh', ['-c', act.command], { timeoutMs: COMMAND_DEADLINE_MS });
  }
}

export async function isCarriedOut(act: UndoAct): Promise<boolean> {
  switch (act.act) {
    case 'processes.end':
      return processesOf(act).length === 0;
    case 'process.continue':
      return !isSame(act) || !/^\d+ \(.*\) T/.test(readFileSync(`/proc/${act.pid}/stat`, 'utf8'));
    case 'namespace.delete':
      return !existsSync(`/run/netns/${act.name}`);
    case 'link.delete':
      return !existsSync(`/sys/class/net/${act.name}`);
    case 'rules.delete':
      return !(await tablesOf(act.namespace)).includes(` ${act.table}\n`);
    case 'mount.end':
      return !isMounted(act.path);
    case 'path.rename':
      return !existsSync(act.from);
    case 'path.mode':
      return true;
    case 'file.remove':
    case 'folder.remove':
    case 'group.remove':
      return !existsSync(act.path);
    case 'command':
      return run('sh', ['-c', act.probe], { timeoutMs: COMMAND_DEADLINE_MS }).then(
        () => true,
        () => false,
      );
  }
}

/** In words, for people who have to look by themselves. */
export function describeAct(act: UndoAct): string {
  const { act: name, ...rest } = act;
  return `${name} ${Object.values(rest).join(' ')}`;
}

/** What a process starts while it is being killed is found in the next round. */
async function endProcesses(act: Extract<UndoAct, { act: 'processes.end' }>): Promise<void> {
  await waitUntil(() => {
    const left = processesOf(act);
    for (const { pid } of left) signal(pid, 'SIGKILL');
    return left.length === 0;
  }, KILL_DEADLINE_MS);
}

/** A folder may have been mounted upon more than once. */
async function endMount(place: string): Promise<void> {
  for (let count = 0; isMounted(place) && count < MOST_MOUNTS_ON_TOP; count++) {
    await run('umount', ['--lazy', place]);
  }
}

export function isMounted(place: string): boolean {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === place.replaceAll(' ', '\\040'));
}

async function removeFolder(place: string, mark: string): Promise<void> {
  if (!existsSync(place)) return;
  const found = existsSync(join(place, MARK_FILE)) ? readFileSync(join(place, MARK_FILE), 'utf8') : null;
  if (found !== mark) throw new Error(`${place} does not bear the mark of this drill and is left alone`);
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
}

/** A control group goes only once nobody is in it. */
async function removeGroup(place: string): Promise<void> {
  if (!existsSync(place)) return;
  const members = readFileSync(join(place, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
  await moveOut(place, members);
  await waitUntil(
    () =>
      rmdir(place).then(
        () => true,
        () => !existsSync(place),
      ),
    KILL_DEADLINE_MS,
  );
}

async function moveOut(place: string, members: readonly string[]): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  for (const pid of members) await writeFile(join(place, '..', 'cgroup.procs'), pid).catch(ignore);
}

async function tablesOf(namespace: string): Promise<string> {
  return run('ip', ['netns', 'exec', namespace, 'nft', 'list', 'tables']).then(
    ({ stdout }) => `${stdout}\n`,
    () => '',
  );
}

function ignore(): void {}
