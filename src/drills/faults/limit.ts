import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../commands.ts';
import { memoryGroups } from '../laboratory/requirements.ts';
import { isSame, type ProcessStat } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { defineFault } from './fault.ts';
import { pickProcess } from './pick-process.ts';

const LEAVE_DEADLINE_MS = 10_000;
const MEMBER_DEADLINE_MS = 5_000;

/** A process may open no more files than it has open already. */
export const limitFiles = defineFault({
  name: 'limit-files',
  about: { en: 'a process reaches its limit of open files', zh: '进程达到打开文件数上限' },
  parameters: z.strictObject({
    target: z.enum(['api', 'worker', 'supervisor']),
    files: z.int().min(1).default(16),
  }),
  requires: ['linux', 'prlimit'],
  needs: [],
  async prepare(laboratory, { target, files }) {
    const node = laboratory.first;
    const victim = await pickProcess(node, target);
    const before = softLimit(victim);
    const set = (count: string) => run('prlimit', ['--pid', String(victim.pid), `--nofile=${count}:`]);
    return {
      victim: `${target} ${victim.pid} of ${node.name}: ${files} files`,
      // The limit ends with the process.
      undoActs: [],
      inject: async () => void (await set(String(files))),
      isInjected: async () => !isSame(victim) || softLimit(victim) === String(files),
      undo: async () => {
        if (isSame(victim)) await set(before).catch(() => undefined);
      },
      isUndone: async () => (!isSame(victim) || softLimit(victim) === before) && (await node.isReady()),
    };
  },
});

function softLimit({ pid }: ProcessStat): string {
  const limits = existsSync(`/proc/${pid}/limits`) ? readFileSync(`/proc/${pid}/limits`, 'utf8') : '';
  return /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? '';
}

/** Whoever needs more is killed by the kernel, as in a container that is too small. */
export const limitMemory = defineFault({
  name: 'limit-memory',
  about: { en: 'a process runs out of memory and is killed by the kernel', zh: '进程内存耗尽，被内核杀死' },
  parameters: z.strictObject({
    target: z.enum(['api', 'worker']),
    megabytes: z.int().min(1).max(100_000).default(16),
  }),
  requires: ['linux', 'root', 'memory-groups'],
  needs: [],
  async prepare(laboratory, { target, megabytes }) {
    const node = laboratory.first;
    const victim = await pickProcess(node, target);
    const groups = memoryGroups();
    if (groups === null) throw new Error('there are no memory groups');
    const group = join(groups.folder, `budao-drill-${laboratory.mark}-${victim.pid}`);
    return {
      victim: `${target} ${victim.pid} of ${node.name}: ${megabytes} MB`,
      undoActs: [{ act: 'group.remove', path: group }],
      async inject() {
        await mkdir(group);
        await writeFile(join(group, groups.limitFile), String(megabytes * 1024 * 1024));
        await writeFile(join(group, 'cgroup.procs'), String(victim.pid));
        // What it has already counts where it was: the next pages are those that are too many.
        await waitUntil(() => !isSame(victim) || isMember(group, victim), MEMBER_DEADLINE_MS);
      },
      isInjected: async () => !isSame(victim) || isMember(group, victim),
      async undo() {
        await waitUntil(
          () =>
            rmdir(group).then(
              () => true,
              () => !existsSync(group) || moveOut(group),
            ),
          LEAVE_DEADLINE_MS,
        );
      },
      isUndone: async () => !existsSync(group) && (await node.isReady()),
    };
  },
});

function isMember(group: string, { pid }: ProcessStat): boolean {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').includes(String(pid));
}

/** One that never needed more memory lives on, and leaves the group. @returns false: the group is looked at again */
async function moveOut(group: string): Promise<boolean> {
  const members = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
  for (const pid of members) await writeFile(join(group, '..', 'cgroup.procs'), pid).catch(() => undefined);
  return false;
}
