import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaultStage } from './fault-stage.ts';

type Case = readonly [fault: string, parameters: object];

/** `npm run test:soak` has all of them; those that start the service again, or a cluster, take minutes. */
const ALL = process.env.BUDAO_DRILL_FAULTS === 'all';

const QUICK: readonly Case[] = [
  ['process-kill', { target: 'worker' }],
  ['process-freeze', { target: 'worker' }],
  ['network-cut', { target: 'model', cut: 'refusing' }],
  ['network-cut', { target: 'everything', cut: 'mute' }],
  ['link-down', {}],
  ['client-connection', { effect: 'slow' }],
  ['client-connection', { effect: 'reset' }],
  ['client-connection', { effect: 'away' }],
  ['disk-full', {}],
  ['data-damaged', { target: 'blob' }],
  ['clock-jump', { target: 'forward' }],
  ['clock-jump', { target: 'back' }],
  ['limit-files', { target: 'worker' }],
  ['limit-memory', { target: 'worker' }],
  ['model-fails', { target: 'failing' }],
  ['model-fails', { target: 'away' }],
  ['embedder-fails', { target: 'another-model' }],
  ['certificate', { target: 'expired' }],
  ['certificate', { target: 'wrong-host' }],
  ['command', { inject: 'true', injected: 'true', undo: 'true', probe: 'true' }],
];

const LONG: readonly Case[] = [
  ['process-kill', { target: 'api' }],
  ['process-kill', { target: 'supervisor' }],
  ['process-kill', { target: 'everything' }],
  ['process-freeze', { target: 'everything' }],
  ['ingest-kill', { target: 'worker' }],
  ['ingest-kill', { target: 'parser' }],
  ['restart', {}],
  ['network-cut', { target: 'everything' }],
  ['network-cut', { target: 'everything', cut: 'deaf' }],
  ['disk-read-only', {}],
  ['data-damaged', { target: 'index' }],
  ['data-damaged', { target: 'ledger' }],
  ['deploy', { target: 'crash-loop' }],
  ['deploy', { target: 'wrong-answers' }],
  ['deploy', { target: 'failing-migration' }],
  ['repository-damaged', { target: 'flipped-byte' }],
  ['repository-damaged', { target: 'truncated' }],
  ['repository-damaged', { target: 'missing-object' }],
  ['repository-damaged', { target: 'lost-key' }],
  ['knowledge-base-deleted', {}],
  ['table-dropped', {}],
  ['data-deleted', {}],
];

const OF_A_CLUSTER: readonly Case[] = [
  ['process-kill', { target: 'everything', node: 'n2' }],
  ['database-kill', {}],
  ['database-failover', {}],
  ['database-freeze', {}],
  ['database-connection', { effect: 'slow' }],
  ['redis', { target: 'killed' }],
  ['redis', { target: 'emptied' }],
  ['redis', { target: 'frozen' }],
  ['redis-connection', { effect: 'silent' }],
  ['network-cut', { target: 'database', node: 'n2' }],
];

/** Each of them for real, on the whole service. */
function commitEach(start: () => Promise<FaultStage>, cases: readonly Case[]): void {
  let stage: FaultStage;

  beforeAll(async () => {
    stage = await start();
  }, 240_000);

  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]();
  }, 60_000);

  test.each(cases)(
    '%s %o is really there once injected, and really gone once undone',
    {
      timeout: 240_000,
    },
    async (fault, parameters) => {
      const { checks } = await stage.commit(fault, parameters);
      expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
      expect(await stage.laboratory.isWell()).toBe(true);
    },
  );
}

const NEEDS = ['networks', 'front proxy', 'tls', 'own disk', 'clock'] as const;
const ONE_MACHINE = {
  place: 'one machine',
  start: () => FaultStage.start({ repository: ALL, embedder: true }, ALL ? [...NEEDS, 'repository'] : NEEDS),
  cases: ALL ? [...QUICK, ...LONG] : QUICK,
};
const CLUSTER = {
  place: 'a cluster',
  start: () => FaultStage.start({ profile: 'cluster' }, ['cluster', 'networks', 'store proxies']),
  cases: OF_A_CLUSTER,
};

describe.each(ALL ? [ONE_MACHINE, CLUSTER] : [ONE_MACHINE])('$place', ({ start, cases }) => {
  commitEach(start, cases);
});
