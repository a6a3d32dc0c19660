import { z } from 'zod';
import { run } from '../commands.ts';
import { carryOut, isCarriedOut } from '../undo/acts.ts';
import { defineFault } from './fault.ts';

const COMMAND_DEADLINE_MS = 120_000;
const needed = (what: string) =>
  z
    .string({
      error: `a command of your own needs \`${what}\`: without it nobody could clean up after the drill`,
    })
    .min(1);

/** The operator's own way to break and to mend; a shell's lines. `probe` succeeds when all is well again. */
export const command = defineFault({
  name: 'command',
  about: {
    en: "the operator's own commands: inject, probe that it is there, undo, probe that it is gone",
    zh: '操作者自己的命令：注入、探测是否生效、撤销、探测是否恢复',
  },
  parameters: z.strictObject({
    target: z.string().default('command'),
    inject: needed('inject'),
    injected: needed('injected'),
    undo: needed('undo'),
    probe: needed('probe'),
  }),
  requires: ['linux'],
  needs: [],
  needsLaboratory: false,
  async prepare(_, { target, inject, injected, undo, probe }) {
    const undoing = { act: 'command' as const, command: undo, probe };
    return {
      victim: target,
      undoActs: [undoing],
      inject: async () => void (await run('sh', ['-c', inject], { timeoutMs: COMMAND_DEADLINE_MS })),
      isInjected: () =>
        run('sh', ['-c', injected], { timeoutMs: COMMAND_DEADLINE_MS }).then(
          () => true,
          () => false,
        ),
      undo: () => carryOut(undoing),
      isUndone: () => isCarriedOut(undoing),
    };
  },
});
