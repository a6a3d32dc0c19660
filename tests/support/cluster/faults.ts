/** What can happen to a cluster. Each fault is undone, and a probe tells that it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterProcess } from '../cluster.ts';
import type { Random } from '../random.ts';
import type { RedisServer } from '../redis-server.ts';
import type { Fault as S3Fault, S3FaultProxy } from '../s3-server-faults.ts';
import { until } from '../until.ts';
import { type Cut, canMakeNetworks } from './network.ts';
import type { ClusterNode } from './node.ts';
import type { SharedBucket } from './stores.ts';

const PROBE_DEADLINE_MS = 30_000;

export interface Fault {
  kind: string;
  /** Cannot be made where there are no networks, or no mounts. */
  needsRoot: boolean;
  /** What the nodes have to share for it. */
  needs?: 'folder' | 'bucket' | 'redis' | 'database hints';
  /** How long it stays, in ms. */
  lasts: readonly [shortest: number, longest: number];
  /** How soon a client sees text again, p99 in ms; null where nothing is promised. */
  goalMs: number | null;
  inject(cluster: Cluster, random: Random): Promise<Injected>;
}

export interface Injected {
  /** Whom it hits. */
  victim: string;
  undo(): Promise<void>;
  /** True once the undoing has worked. */
  isUndone(): Promise<boolean>;
}

/** Injects, waits, undoes, and makes sure of it, whatever fails in between. */
export async function commit(
  fault: Fault,
  cluster: Cluster,
  random: Random,
  onInjected: (victim: string) => void,
): Promise<void> {
  const injected = await fault.inject(cluster, random);
  try {
    onInjected(injected.victim);
    await sleep(random.between(...fault.lasts));
  } finally {
    await injected.undo();
  }
  await until(
    () => injected.isUndone(),
    PROBE_DEADLINE_MS,
    () => `${fault.kind} of ${injected.victim} was not undone\n${cluster.output}`,
  );
}

const SHORT: readonly [number, number] = [500, 1_500];
/** Longer than a lease, so that others take over. */
const LONG: readonly [number, number] = [3_000, 4_000];
const KILLED_GOAL_MS = 1_000;
const SILENT_GOAL_MS = 3_000;

export const FAULTS: readonly Fault[] = [
  onNode('node killed', SHORT, KILLED_GOAL_MS, {
    inject: (node) => node.kill(),
    undo: (node) => node.start(),
    isUndone: (node) => node.isReady(),
  }),
  onNode('node frozen', LONG, SILENT_GOAL_MS, {
    inject: async (node) => node.freeze(),
    undo: async (node) => node.thaw(),
    isUndone: async (node) => !node.isFrozen(),
  }),
  killed('worker'),
  killed('api'),
  killed('supervisor'),
  frozen('worker'),
  frozen('api'),
  {
    kind: 'database restarted',
    needsRoot: false,
    lasts: SHORT,
    goalMs: null,
    async inject({ stores }) {
      await stores.primary.kill();
      return injected(
        'database',
        () => stores.restartPrimary(),
        () => answers(stores),
      );
    },
  },
  {
    kind: 'database failed over',
    needsRoot: false,
    lasts: SHORT,
    goalMs: null,
    async inject({ stores }) {
      await stores.failOver();
      return injected(
        'database',
        () => stores.replaceStandby(),
        () => answers(stores),
      );
    },
  },
  redisFault('killed', [1_000, 3_000], async (redis) => {
    await redis.kill();
    return () => redis.start();
  }),
  redisFault('emptied', SHORT, async (redis) => {
    await redis.restartEmpty();
    return async () => {};
  }),
  redisFault('frozen', LONG, async (redis) => {
    await redis.freeze();
    return async () => redis.thaw();
  }),
  {
    kind: 'channel sessions ended',
    needsRoot: false,
    needs: 'database hints',
    lasts: SHORT,
    goalMs: null,
    async inject({ stores }) {
      await endListening(stores);
      return injected(
        'sessions that listen',
        async () => {},
        async () => (await listening(stores)) > 0,
      );
    },
  },
  {
    kind: 'folder gone',
    needsRoot: false,
    needs: 'folder',
    lasts: [1_000, 3_000],
    goalMs: null,
    async inject({ stores }) {
      const undo = await stores.hideFolder();
      return injected(
        'folder',
        async () => undo(),
        async () => stores.isFolderWritable(),
      );
    },
  },
  {
    kind: 'folder read-only',
    needsRoot: true,
    needs: 'folder',
    lasts: [1_000, 3_000],
    goalMs: null,
    async inject({ stores }) {
      const undo = await stores.makeFolderReadOnly();
      return injected('folder', undo, async () => stores.isFolderWritable());
    },
  },
  bucketFault('gone', async ({ server }) => {
    await server.killGateway();
    return () => server.startGateway();
  }),
  bucketFault('frozen', async ({ server }) => {
    server.freeze();
    return async () => server.thaw();
  }),
  bucketFault('slow', async ({ proxy }) => spoilt(proxy, { kind: 'slow', delayMs: 1_500 })),
  bucketFault('refusing', async ({ proxy }) =>
    spoilt(proxy, { kind: 'refuse', status: 503, code: 'SlowDown' }),
  ),
  bucketFault('forbidding', async ({ proxy }) =>
    spoilt(proxy, { kind: 'refuse', status: 403, code: 'AccessDenied' }),
  ),
  cutOff('silent', 'everything', SILENT_GOAL_MS),
  cutOff('silent', 'database', SILENT_GOAL_MS),
  cutOff('silent', 'channel', null),
  cutOff('deaf', 'database', SILENT_GOAL_MS),
  cutOff('mute', 'database', SILENT_GOAL_MS),
  cutOff('mute', 'everything', SILENT_GOAL_MS),
  cutOff('refusing', 'everything', SILENT_GOAL_MS),
  cutOff('refusing', 'database', SILENT_GOAL_MS),
];

/** Whether such a fault can happen to this cluster. */
export function canHappen({ needs, needsRoot }: Fault, { stores: { redis, bucket } }: Cluster): boolean {
  if (needsRoot && !canMakeNetworks()) return false;
  const present = [redis === null ? 'database hints' : 'redis', bucket === null ? 'folder' : 'bucket'];
  return needs === undefined || present.includes(needs);
}

function redisFault(
  what: string,
  lasts: Fault['lasts'],
  begin: (redis: RedisServer) => Promise<() => Promise<void>>,
): Fault {
  return {
    kind: `channel ${what}`,
    needsRoot: false,
    needs: 'redis',
    lasts,
    goalMs: null,
    async inject({ stores: { redis } }) {
      if (redis === null) throw new Error('there is no Redis');
      const undo = await begin(redis);
      return injected('redis', undo, async () => (await redis.command(['PING'])) === 'PONG');
    },
  };
}

/** As a proxy or an administrator does; what they were told meanwhile is lost. */
async function endListening(stores: Cluster['stores']): Promise<void> {
  await stores.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'LISTEN %'`);
}

async function listening(stores: Cluster['stores']): Promise<number> {
  return (await stores.query(`SELECT pid FROM pg_stat_activity WHERE query ILIKE 'LISTEN %'`)).length;
}

function bucketFault(what: string, begin: (bucket: SharedBucket) => Promise<() => Promise<void>>): Fault {
  return {
    kind: `bucket ${what}`,
    needsRoot: false,
    needs: 'bucket',
    lasts: LONG,
    goalMs: null,
    async inject({ stores: { bucket } }) {
      if (bucket === null) throw new Error('there is no bucket');
      const undo = await begin(bucket);
      return injected('bucket', undo, async () => (await fetch(bucket.proxy.endpoint)).ok);
    },
  };
}

function spoilt(proxy: S3FaultProxy, fault: S3Fault): () => Promise<void> {
  proxy.choose = () => fault;
  return async () => void (proxy.choose = () => null);
}

function injected(victim: string, undo: () => Promise<void>, isUndone: () => Promise<boolean>): Injected {
  return { victim, undo, isUndone: () => isUndone().catch(() => false) };
}

async function answers(stores: Cluster['stores']): Promise<boolean> {
  return (await stores.query('SELECT pg_is_in_recovery() AS recovering'))[0]?.recovering === false;
}

function onNode(
  kind: string,
  lasts: Fault['lasts'],
  goalMs: number,
  steps: {
    inject(node: ClusterNode): Promise<void>;
    undo(node: ClusterNode): Promise<void>;
    isUndone(node: ClusterNode): Promise<boolean>;
  },
): Fault {
  return {
    kind,
    needsRoot: false,
    lasts,
    goalMs,
    async inject(cluster, random) {
      const node = random.pick(cluster.nodes);
      await steps.inject(node);
      return injected(
        node.name,
        () => steps.undo(node),
        () => steps.isUndone(node),
      );
    },
  };
}

async function pickProcess(cluster: Cluster, random: Random, role: string): Promise<ClusterProcess> {
  let found: ClusterProcess[] = [];
  await until(
    async () => (found = (await cluster.processes()).filter((row) => row.role === role)).length > 0,
  );
  return random.pick(found);
}

/** Whoever watches over it starts it again: there is nothing to undo, but a successor to wait for. */
function killed(role: string): Fault {
  return {
    kind: `${role} killed`,
    needsRoot: false,
    lasts: SHORT,
    goalMs: KILLED_GOAL_MS,
    async inject(cluster, random) {
      const victim = await pickProcess(cluster, random, role);
      process.kill(victim.pid, 'SIGKILL');
      return injected(
        `${role} of ${victim.node}`,
        async () => {},
        async () => {
          const rows = await cluster.processes();
          return rows.some((row) => row.node === victim.node && row.role === role && row.id !== victim.id);
        },
      );
    },
  };
}

function frozen(role: string): Fault {
  return {
    kind: `${role} frozen`,
    needsRoot: false,
    lasts: LONG,
    goalMs: SILENT_GOAL_MS,
    async inject(cluster, random) {
      const victim = await pickProcess(cluster, random, role);
      process.kill(victim.pid, 'SIGSTOP');
      return injected(
        `${role} of ${victim.node}`,
        async () => {
          try {
            process.kill(victim.pid, 'SIGCONT');
          } catch {
            // Its supervisor has replaced it meanwhile.
          }
        },
        async () => !cluster.nodes.some((node) => node.isFrozen()),
      );
    },
  };
}

function cutOff(cut: Cut, from: 'everything' | 'database' | 'channel', goalMs: number | null): Fault {
  return {
    kind: `node ${cut} towards ${from}`,
    needsRoot: true,
    ...(from === 'channel' ? { needs: 'redis' as const } : {}),
    lasts: LONG,
    goalMs,
    async inject({ nodes, stores }, random) {
      const { host, name } = random.pick(nodes);
      if (host === null) throw new Error('there is no network to cut');
      const { primary, redis } = stores;
      const port = from === 'everything' ? null : from === 'database' ? primary.port : (redis?.port ?? null);
      await host.cut(cut, port);
      return injected(
        name,
        () => host.heal(),
        () => host.isWhole(primary.port),
      );
    },
  };
}
