import { z } from 'zod';
import { isSame, type ProcessStat, signal, statOf } from '../undo/processes.ts';
import { defineFault } from './fault.ts';
import { pickProcess } from './pick-process.ts';

export const processFreeze = defineFault({
  name: 'process-freeze',
  about: {
    en: 'SIGSTOP of a process: its port stays open and nobody answers',
    zh: '用 SIGSTOP 冻结一个进程：端口还开着，却没有应答',
  },
  parameters: z.strictObject({
    target: z.enum(['api', 'worker', 'supervisor', 'everything']),
    node: z.string().optional(),
  }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { target, node: named }) {
    const node = laboratory.node(named);
    const victims = target === 'everything' ? node.processes() : [await pickProcess(node, target)];
    const all = (apply: (victim: ProcessStat) => void) => async () => victims.forEach(apply);
    return {
      victim: `${target} of ${node.name} (${victims.map(({ pid }) => pid).join(', ')})`,
      undoActs: victims.map(({ pid, startedTicks }) => ({
        act: 'process.continue' as const,
        pid,
        startedTicks,
      })),
      inject: all(({ pid }) => signal(pid, 'SIGSTOP')),
      isInjected: async () => victims.every((victim) => statOf(victim.pid)?.state === 'T'),
      undo: all((victim) => {
        // It may have been replaced meanwhile, and its number given to another.
        if (isSame(victim)) signal(victim.pid, 'SIGCONT');
      }),
      isUndone: async () =>
        victims.every((victim) => !isSame(victim) || statOf(victim.pid)?.state !== 'T') &&
        (await node.isReady()),
    };
  },
});
