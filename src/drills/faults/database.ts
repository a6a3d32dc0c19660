import { z } from 'zod';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { PostgresPair } from '../laboratory/postgres.ts';
import { defineFault } from './fault.ts';

const NEEDS = ['cluster'] as const;
const REQUIRES = ['linux', 'postgres', 'redis'] as const;
const NO_CHOICE = z.strictObject({});

function postgresOf({ shared }: Laboratory): PostgresPair {
  if (shared === null) throw new Error('this laboratory has no PostgreSQL');
  return shared.postgres;
}

export const databaseKill = defineFault({
  name: 'database-kill',
  about: {
    en: 'SIGKILL of the PostgreSQL primary, started again in the same place',
    zh: '杀死 PostgreSQL 主库，再在原处启动',
  },
  parameters: NO_CHOICE,
  requires: REQUIRES,
  needs: NEEDS,
  async prepare(laboratory) {
    const postgres = postgresOf(laboratory);
    return {
      victim: 'PostgreSQL primary',
      undoActs: [],
      inject: () => postgres.primary.kill(),
      isInjected: async () => !(await postgres.primary.answers()),
      undo: () => postgres.restart(),
      isUndone: async () => (await postgres.primary.answers()) && (await laboratory.isWell()),
    };
  },
});

/** The standby is promoted at once; the undo makes a new standby where the dead server was. */
export const databaseFailover = defineFault({
  name: 'database-failover',
  about: {
    en: 'SIGKILL of the PostgreSQL primary, and the standby takes its place',
    zh: '杀死 PostgreSQL 主库，由备库接管',
  },
  parameters: NO_CHOICE,
  requires: REQUIRES,
  needs: NEEDS,
  async prepare(laboratory) {
    const postgres = postgresOf(laboratory);
    const before = postgres.primary;
    return {
      victim: 'PostgreSQL primary',
      undoActs: [],
      inject: () => postgres.failOver(),
      isInjected: async () => postgres.primary !== before && !before.isRunning,
      undo: () => postgres.replaceStandby(),
      isUndone: async () => (await postgres.isFollowed()) && (await laboratory.isWell()),
    };
  },
});

export const databaseFreeze = defineFault({
  name: 'database-freeze',
  about: {
    en: 'SIGSTOP of the PostgreSQL primary: it keeps its connections and says nothing',
    zh: '冻结 PostgreSQL 主库：连接还在，却不再应答',
  },
  parameters: NO_CHOICE,
  requires: REQUIRES,
  needs: NEEDS,
  async prepare(laboratory) {
    const { primary } = postgresOf(laboratory);
    return {
      victim: 'PostgreSQL primary',
      // The end of its processes is stored with the laboratory, and a frozen one can be killed.
      undoActs: [],
      inject: async () => primary.freeze(),
      isInjected: async () => primary.isFrozen(),
      undo: async () => primary.thaw(),
      isUndone: async () => !primary.isFrozen() && (await primary.answers()) && (await laboratory.isWell()),
    };
  },
});
