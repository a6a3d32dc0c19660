import { z } from 'zod';
import { defineFault } from './fault.ts';

/** As an upgrade or a reboot in good order: the service is told to stop, and started again. */
export const restart = defineFault({
  name: 'restart',
  about: { en: 'the service is stopped in good order and started again', zh: '正常停止服务后再启动' },
  parameters: z.strictObject({ node: z.string().optional() }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { node: named }) {
    const node = laboratory.node(named);
    return {
      victim: node.name,
      undoActs: [],
      inject: () => node.stop(),
      isInjected: async () => node.processes().length === 0,
      undo: () => node.start(),
      isUndone: () => node.isReady(),
    };
  },
});
