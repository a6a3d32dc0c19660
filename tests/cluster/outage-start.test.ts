import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterNode } from '../support/cluster/node.ts';
import { Cluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

let cluster: Cluster;

beforeAll(async () => {
  const nodes = [{ name: 'n1', role: 'all' } as const];
  cluster = await Cluster.start({ nodes, tokens: 10, tokensPerSecond: 20 });
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

const OUTAGES: [what: string, begin: () => Promise<() => unknown>][] = [
  [
    'the database is away',
    async () => {
      await cluster.stores.primary.kill();
      return () => cluster.stores.restartPrimary();
    },
  ],
  [
    'the channel is away',
    async () => {
      await cluster.stores.redis.kill();
      return () => cluster.stores.redis.start();
    },
  ],
  ['the shared folder is away', () => cluster.stores.hideFolder()],
];

test.each(OUTAGES)('a node that is started while %s serves once it is back', async (_, begin) => {
  const node = cluster.nodes[0] as ClusterNode;
  await node.kill();
  const end = await begin();
  try {
    const printed = node.output.length;
    node.spawn();
    // Either it says what is missing, or it does without.
    await until(async () => node.output.length > printed || (await node.isReady()), 20_000);
  } finally {
    await end();
  }
  await node.untilReady();
  expect(node.group().length).toBeGreaterThan(3);
});
