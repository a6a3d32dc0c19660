import { z } from 'zod';
import type { LaboratoryNode, NodeRole } from '../laboratory/node.ts';
import { isSame, signal } from '../undo/processes.ts';
import { defineFault } from './fault.ts';
import { pickProcess } from './pick-process.ts';

/** Whoever watches over a process starts it again; after `everything` an operator starts the service. */
export const processKill = defineFault({
  name: 'process-kill',
  about: {
    en: 'SIGKILL of a process, or of everything at once as when the power goes',
    zh: '用 SIGKILL 杀死一个进程，或像断电一样同时杀死全部进程',
  },
  parameters: z.strictObject({
    target: z.enum(['api', 'worker', 'supervisor', 'guard', 'everything']),
    /** A node of a cluster; the first unless named. */
    node: z.string().optional(),
  }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { target, node: named }) {
    const node = laboratory.node(named);
    if (target === 'everything' || target === 'guard') return killNode(node, target);
    const victim = await pickProcess(node, target);
    return {
      victim: `${target} ${victim.pid} of ${node.name}`,
      undoActs: [],
      inject: async () => signal(victim.pid, 'SIGKILL'),
      isInjected: async () => !isSame(victim),
      undo: async () => {},
      isUndone: async () => hasSuccessor(node, target, victim.pid) && (await node.isReady()),
    };
  },
});

function killNode(node: LaboratoryNode, target: string) {
  return {
    victim: `${target} of ${node.name}`,
    undoActs: [],
    inject: () => node.kill(),
    isInjected: async () => node.processes().length === 0,
    undo: () => node.start(),
    isUndone: () => node.isReady(),
  };
}

function hasSuccessor(node: LaboratoryNode, role: NodeRole, pid: number): boolean {
  return node.processes(role).some((process) => process.pid !== pid);
}
