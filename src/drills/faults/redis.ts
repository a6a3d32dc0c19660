import { z } from 'zod';
import { defineFault } from './fault.ts';

/** Redis only carries hints: without it everything has to go on, more slowly. */
export const redisFault = defineFault({
  name: 'redis',
  about: {
    en: 'Redis is killed, emptied by a restart, or frozen',
    zh: '杀死、清空（重启）或冻结 Redis',
  },
  parameters: z.strictObject({ target: z.enum(['killed', 'emptied', 'frozen']) }),
  requires: ['linux', 'postgres', 'redis'],
  needs: ['cluster'],
  async prepare({ shared }, { target }) {
    if (shared === null) throw new Error('this laboratory has no Redis');
    const { redis } = shared;
    let wasEmptied = false;
    const steps = {
      killed: {
        inject: () => redis.kill(),
        isThere: async () => !redis.isRunning,
        undo: () => redis.start(),
      },
      emptied: {
        async inject() {
          await redis.command('SET drill 1');
          await redis.kill();
          await redis.start();
          wasEmptied = true;
        },
        isThere: async () => wasEmptied && (await redis.command('GET drill')).startsWith('$-1'),
        undo: async () => {},
      },
      frozen: {
        inject: async () => redis.freeze(),
        isThere: async () => !(await redis.answers()),
        undo: async () => redis.thaw(),
      },
    }[target];
    return {
      victim: 'Redis',
      undoActs: [],
      inject: steps.inject,
      isInjected: steps.isThere,
      undo: steps.undo,
      isUndone: () => redis.answers(),
    };
  },
});
