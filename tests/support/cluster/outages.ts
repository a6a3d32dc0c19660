/** What the nodes share is away, each in its own way, until the returned function has run. */
import type { Cluster } from '../cluster.ts';

type Outage = (cluster: Cluster) => Promise<() => unknown>;

export const OUTAGES: readonly (readonly [what: string, begin: Outage])[] = [
  [
    'the database is away',
    async ({ stores }) => {
      await stores.primary.kill();
      return () => stores.restartPrimary();
    },
  ],
  [
    'the channel is away',
    async ({ stores: { redis } }) => {
      await redis?.kill();
      return () => redis?.start();
    },
  ],
  [
    'documents and index are away',
    async ({ stores }) => {
      if (stores.bucket === null) return stores.hideFolder();
      const { server } = stores.bucket;
      await server.killGateway();
      return () => server.startGateway();
    },
  ],
];
