/** Several nodes of one installation with everything they share, each on a machine of its own where that can be made. */

import { canMakeNetworks, Network, type NetworkHost } from './cluster/network.ts';
import { ClusterNode, type NodeOptions } from './cluster/node.ts';
import { SharedStores, type SharedStoresOptions } from './cluster/stores.ts';
import { Finaliser } from './finaliser.ts';
import { startUpstream, type Upstream } from './lying-upstream.ts';
import { isRunning } from './service.ts';
import { until } from './until.ts';

const CALM_DEADLINE_MS = 60_000;
const LOOPBACK = '127.0.0.1';

export interface ClusterOptions extends SharedStoresOptions {
  nodes: readonly (Pick<NodeOptions, 'name' | 'role'> & { clockAheadMs?: number })[];
  /** Of each answer: `t1 t2 t3 …`. */
  tokens: number;
  tokensPerSecond: number;
}

export interface ClusterProcess {
  id: string;
  pid: number;
  role: string;
  node: string;
}

export class Cluster implements AsyncDisposable {
  readonly stores: SharedStores;
  readonly nodes: readonly ClusterNode[];
  readonly upstream: Upstream;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: { stores: SharedStores; nodes: readonly ClusterNode[]; upstream: Upstream },
    stack: AsyncDisposableStack,
  ) {
    this.stores = parts.stores;
    this.nodes = parts.nodes;
    this.upstream = parts.upstream;
    this.#stack = stack;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    await using stack = new AsyncDisposableStack();
    const finaliser = stack.use(new Finaliser());
    const network = canMakeNetworks() ? await Network.create(finaliser) : null;
    const address = network?.gateway ?? LOOPBACK;
    const { tokens, tokensPerSecond } = options;
    const upstream = stack.use(await startUpstream({ host: address, tokens, tokensPerSecond }));
    const stores = stack.use(await SharedStores.start(address, finaliser, options));
    const hosts: (NetworkHost | null)[] = [];
    for (const { name } of options.nodes) hosts.push((await network?.addHost(name)) ?? null);
    // All at once, on an empty database, as a cluster's first start may be.
    const starts = options.nodes.map((node, index) =>
      ClusterNode.start({
        ...node,
        finaliser,
        host: hosts[index] ?? null,
        environment: {
          ...stores.environment,
          BUDAO_MODEL_BASE_URL: upstream.url,
          BUDAO_MODEL_NAME: 'numbers',
        },
        hasWorker: async (of) =>
          (await processesOf(stores)).some((row) => row.node === of && row.role === 'worker'),
      }),
    );
    const started = await Promise.allSettled(starts);
    for (const one of started) if (one.status === 'fulfilled') stack.use(one.value);
    const nodes = await Promise.all(starts);
    return new Cluster({ stores, nodes, upstream }, stack.move());
  }

  /** Those that clients can ask. */
  get entrances(): readonly ClusterNode[] {
    return this.nodes.filter((node) => node.servesClients);
  }

  processes(): Promise<ClusterProcess[]> {
    return processesOf(this.stores);
  }

  /** Everything runs and answers. */
  async untilWell(): Promise<void> {
    let missing: string[] = [];
    await until(
      async () => {
        missing = [];
        for (const node of this.nodes) if (!(await node.isReady())) missing.push(node.name);
        return missing.length === 0;
      },
      CALM_DEADLINE_MS,
      () => `not ready again: ${missing.join(', ')}\n${this.output.slice(-6_000)}`,
    );
  }

  get output(): string {
    return this.nodes.map((node) => `--- ${node.name}\n${node.output.slice(-3_000)}`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function processesOf(stores: SharedStores): Promise<ClusterProcess[]> {
  const rows = await stores
    .query('SELECT id, pid::int AS pid, role, node FROM process ORDER BY node, role, id')
    .catch(() => []);
  return (rows as unknown as ClusterProcess[]).filter(({ pid }) => isRunning(pid));
}
