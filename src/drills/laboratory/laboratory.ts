/** A private copy of the installation with everything that it rests on, which faults may break without harm to anybody. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Need } from '../faults/fault.ts';
import type { LaboratoryPlan } from '../scenario/schema.ts';
import type { TargetSettings } from '../targets/target.ts';
import type { UndoJournal } from '../undo/journal.ts';
import { waitUntil } from '../wait-until.ts';
import { clockEnvironment, clockFile } from './clock.ts';
import { mountDisk } from './disk.ts';
import { freePort } from './free-port.ts';
import { LaboratoryEndpoint } from './models.ts';
import { Network } from './network.ts';
import { LaboratoryNode, NODE_PORT } from './node.ts';
import { budao, type Environment } from './program.ts';
import { LaboratoryRepository } from './repository.ts';
import { isRoot } from './requirements.ts';
import { SharedPlaces } from './shared-places.ts';
import { TcpFaultProxy } from './tcp-fault-proxy.ts';
import { TlsFront } from './tls.ts';

const LOOPBACK = '127.0.0.1';
const FILLED_DEADLINE_MS = 120_000;
const ACCOUNT = 'drill';
const STANDBY_TOKENS = { tokens: 20, tokensPerSecond: 30 };

export interface LaboratoryOptions {
  mark: string;
  /** Its own; removed in the end. */
  folder: string;
  journal: UndoJournal;
  plan: LaboratoryPlan;
  needs: ReadonlySet<Need>;
  /** A snapshot of the installation that is copied; null takes the sample. */
  source: LaboratorySource | null;
  /** Breaks the building off. */
  signal: AbortSignal;
}

export interface LaboratorySource {
  repository: string;
  keyFile: string;
  /** Null for the newest. */
  snapshotId: string | null;
}

export class Laboratory implements AsyncDisposable {
  readonly mark: string;
  readonly folder: string;
  readonly journal: UndoJournal;
  readonly plan: LaboratoryPlan;
  readonly needs: ReadonlySet<Need>;
  readonly nodes: LaboratoryNode[] = [];
  readonly source: LaboratorySource | null;
  readonly apiKey = `bdk_drill_${randomBytes(18).toString('hex')}`;
  readonly password = `Dr-${randomBytes(12).toString('hex')}`;
  network: Network | null = null;
  shared: SharedPlaces | null = null;
  model: LaboratoryEndpoint | null = null;
  standby: LaboratoryEndpoint | null = null;
  embedder: LaboratoryEndpoint | null = null;
  repository: LaboratoryRepository | null = null;
  modelProxy: TcpFaultProxy | null = null;
  frontProxy: TcpFaultProxy | null = null;
  tls: TlsFront | null = null;
  readonly #cleanup = new AsyncDisposableStack();

  private constructor(options: LaboratoryOptions) {
    this.mark = options.mark;
    this.folder = options.folder;
    this.journal = options.journal;
    this.plan = options.plan;
    this.needs = options.needs;
    this.source = options.source;
  }

  static async build(options: LaboratoryOptions): Promise<Laboratory> {
    const laboratory = new Laboratory(options);
    try {
      await laboratory.#prepare();
      options.signal.throwIfAborted();
      await laboratory.#start();
      options.signal.throwIfAborted();
    } catch (error) {
      await laboratory[Symbol.asyncDispose]();
      throw error;
    }
    return laboratory;
  }

  /** The address at which nodes reach what the laboratory serves. */
  get address(): string {
    return this.network?.gateway ?? LOOPBACK;
  }

  get first(): LaboratoryNode {
    const [node] = this.nodes;
    if (node === undefined) throw new Error('the laboratory has no node');
    return node;
  }

  /** @param name the first unless named */
  node(name?: string): LaboratoryNode {
    if (name === undefined) return this.first;
    const found = this.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    const known = this.nodes.map((node) => node.name).join(', ');
    throw new Error(`the laboratory has no node ${name}: it has ${known}`);
  }

  /** Where the service reaches the preferred model; null without one. */
  get modelPort(): number | null {
    return this.tls?.port ?? this.modelProxy?.port ?? this.model?.port ?? null;
  }

  get target(): TargetSettings {
    const urls =
      this.frontProxy === null
        ? this.nodes.map(({ url }) => url)
        : [`http://${LOOPBACK}:${this.frontProxy.port}`];
    return {
      kind: 'budao',
      urls,
      apiKey: this.apiKey,
      account: { name: ACCOUNT, password: this.password },
      model: 'budao',
      knowledgeBase: null,
    };
  }

  /** Names that the settings file gives to what can be looked at. */
  describe(): Record<string, string | number | boolean> {
    return {
      profile: this.plan.profile,
      nodes: this.nodes.length,
      workers: this.plan.workers,
      networks: this.network !== null,
      ledger: this.shared === null ? 'SQLite' : 'PostgreSQL',
      model: this.plan.model === null ? 'none' : 'numbered',
      embedder: this.plan.embedder,
      from: this.source === null ? 'sample' : `snapshot of ${this.source.repository}`,
    };
  }

  async isWell(): Promise<boolean> {
    const ready = await Promise.all(this.nodes.map((node) => node.isReady()));
    return ready.every(Boolean);
  }

  get output(): string {
    return this.nodes.map((node) => `--- ${node.name}\n${node.output.slice(-3_000)}`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  async #prepare(): Promise<void> {
    const { needs, plan, journal, mark } = this;
    if (isRoot()) this.network = await Network.create(journal);
    const names =
      plan.profile === 'cluster' ? Array.from({ length: plan.nodes }, (_, index) => `n${index + 1}`) : ['n1'];
    const hosts = [];
    for (const name of names) hosts.push((await this.network?.addHost(name)) ?? null);
    const folders = names.map((name) => join(this.folder, name));
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (needs.has('own disk')) for (const folder of folders) await mountDisk(folder, journal);
    journal.store('processes', [{ act: 'processes.end', mark, folder: this.folder }]);
    await this.#startModels();
    if (plan.profile === 'cluster') {
      const proxied = needs.has('store proxies');
      this.shared = this.#cleanup.use(
        await SharedPlaces.create({
          mark,
          folder: join(this.folder, 'shared'),
          address: this.address,
          proxied,
        }),
      );
    }
    if (plan.repository || needs.has('repository'))
      this.repository = new LaboratoryRepository(join(this.folder, 'backup'), this.shared === null);
    const environment = this.#environment();
    for (const [index, name] of names.entries()) {
      const host = hosts[index] ?? null;
      const port = host === null ? await freePort() : NODE_PORT;
      const folder = folders[index] as string;
      if (needs.has('clock')) writeFileSync(clockFile(folder), '+0');
      const own = needs.has('clock') ? { ...environment, ...clockEnvironment(folder) } : environment;
      const node = { name, mark, folder, host, port, apiKey: this.apiKey, environment: own };
      this.nodes.push(new LaboratoryNode(node));
    }
    this.#cleanup.defer(async () => {
      for (const node of this.nodes) await node.kill();
    });
  }

  async #startModels(): Promise<void> {
    const { plan, needs, address } = this;
    if (plan.model !== null) {
      this.model = this.#cleanup.use(await LaboratoryEndpoint.start(address, plan.model));
      if (plan.model.standby)
        this.standby = this.#cleanup.use(await LaboratoryEndpoint.start(address, STANDBY_TOKENS));
      if (needs.has('tls'))
        this.tls = this.#cleanup.use(
          await TlsFront.start(join(this.folder, 'tls'), address, this.model.port),
        );
      if (needs.has('model proxy')) {
        const behind = { host: address, port: this.model.port };
        this.modelProxy = this.#cleanup.use(await TcpFaultProxy.start(behind, address));
      }
    }
    if (plan.embedder)
      this.embedder = this.#cleanup.use(
        await LaboratoryEndpoint.start(address, { tokens: 1, tokensPerSecond: 1_000 }),
      );
  }

  /** Where the service asks the preferred model: by TLS, by a proxy, or straight. */
  get #modelUrl(): string | null {
    if (this.model === null) return null;
    return `${this.tls === null ? 'http' : 'https'}://${this.address}:${this.modelPort}/v1`;
  }

  #environment(): Environment {
    const url = this.#modelUrl;
    const quick = { firstTokenTimeoutMs: 3_000, idleTimeoutMs: 3_000 };
    const settings = {
      workers: this.plan.workers,
      models: [
        ...(url === null ? [] : [{ name: 'preferred', baseUrl: url, model: 'numbers', ...quick }]),
        ...(this.standby === null
          ? []
          : [{ name: 'standby', baseUrl: this.standby.url, model: 'numbers', ...quick }]),
      ],
      ...(this.repository === null ? {} : { backup: this.repository.settings }),
      ...(this.embedder === null ? {} : { embedder: { baseUrl: this.embedder.url, model: 'hash' } }),
    };
    const path = join(this.folder, 'budao.yaml');
    writeFileSync(path, JSON.stringify(settings), { mode: 0o600 });
    return {
      BUDAO_CONFIG: path,
      BUDAO_SAMPLE: this.source === null ? '1' : '0',
      ...(this.tls === null ? {} : { NODE_EXTRA_CA_CERTS: this.tls.authorityFile }),
      ...this.shared?.environment,
    };
  }

  async #start(): Promise<void> {
    const { first, source } = this;
    if (source !== null) {
      const which = source.snapshotId === null ? [] : ['--snapshot', source.snapshotId];
      const from = ['--repo', source.repository, '--key', source.keyFile, ...which];
      await budao(['restore', ...from], first.environment);
    } else if (this.shared !== null) await budao(['migrate'], first.environment);
    await Promise.all(this.nodes.map((node) => node.start()));
    await this.#untilFilled();
    await first.request('POST', '/ops/users', { username: ACCOUNT, password: this.password, role: 'editor' });
    if (this.needs.has('front proxy')) {
      const behind = { host: first.address, port: first.port };
      this.frontProxy = this.#cleanup.use(await TcpFaultProxy.start(behind));
    }
    await this.repository?.create(first);
  }

  /** All documents can be found: what is measured afterwards is not their arrival. */
  async #untilFilled(): Promise<void> {
    let seen = '';
    await waitUntil(
      async () => {
        const { data } = await this.first.json<{
          data: { file_counts: { in_progress: number; completed: number } }[];
        }>('GET', '/v1/vector_stores');
        seen = JSON.stringify(data.map((store) => store.file_counts));
        const isQuiet = data.every((store) => store.file_counts.in_progress === 0);
        return isQuiet && (this.source !== null || data.some((store) => store.file_counts.completed > 0));
      },
      FILLED_DEADLINE_MS,
      () => `the documents of the laboratory were not ready in time: ${seen}`,
    );
  }
}
