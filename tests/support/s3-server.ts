/**
 * A real S3 server of one test file's own: a Ceph cluster of one monitor, one disk and one gateway, on its own folder
 * and ports, killed, frozen and restarted at will. What it has acknowledged is on the disk.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { cephConfiguration } from './s3-server-configuration.ts';
import { signedFetch } from './signed-fetch.ts';

const START_DEADLINE_MS = 60_000;
const REGION = 'us-east-1';

const run = promisify(execFile);

export interface S3User {
  accessKeyId: string;
  secretAccessKey: string;
}

type Part = 'monitor' | 'disk' | 'gateway';

export class S3Server implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly region = REGION;
  readonly user: S3User = { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test+secret/key' };
  readonly #processes = new Map<Part, ChildProcess>();
  #buckets = 0;
  #users = 0;

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the gateway answers. */
  async start(): Promise<void> {
    this.#spawn('monitor', 'ceph-mon', ['-i', 'a']);
    this.#spawn('disk', 'ceph-osd', ['-i', '0']);
    await this.startGateway();
  }

  async startGateway(): Promise<void> {
    const gateway = this.#spawn('gateway', 'radosgw', ['-n', 'client.admin']);
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await answers(this.endpoint))) {
      if (gateway.exitCode !== null || Date.now() > deadline)
        throw new Error(`the S3 server did not start: ${await this.#log()}`);
      await sleep(50);
    }
  }

  /** Power-off of the gateway alone, without a goodbye to anybody: uploads under way break off. */
  async killGateway(): Promise<void> {
    await this.#kill('gateway');
  }

  /** Power-off of everything. */
  async kill(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((part) => this.#kill(part)));
  }

  /** It keeps its connections and says nothing more. */
  freeze(): void {
    this.#processes.get('gateway')?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#processes.get('gateway')?.kill('SIGCONT');
  }

  /** @returns the name of an empty bucket */
  async createBucket(): Promise<string> {
    const name = `bucket-${++this.#buckets}`;
    const response = await this.fetch('PUT', `/${name}`);
    if (response.status !== 200) throw new Error(`no bucket: ${response.status} ${await response.text()}`);
    return name;
  }

  /** The administrator's own request, past the program under test. */
  fetch(
    method: string,
    path: string,
    body: string | Buffer = '',
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return signedFetch(this.endpoint, { ...this.user, region: REGION }, { method, path, body, headers });
  }

  /** Somebody who may do only what is named, in a bucket of the administrator's. */
  async createUser(bucket: string, actions: readonly string[]): Promise<S3User> {
    const name = `limited${++this.#users}`;
    const user = { accessKeyId: name.toUpperCase(), secretAccessKey: `${name}secret` };
    await this.#createUser(name, user);
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: [`arn:aws:iam:::user/${name}`] },
          Action: actions.map((action) => `s3:${action}`),
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        },
      ],
    };
    const response = await this.fetch('PUT', `/${bucket}?policy`, JSON.stringify(policy));
    if (response.status >= 300) throw new Error(`no policy: ${response.status} ${await response.text()}`);
    return user;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async initialise(monitorPort: number): Promise<void> {
    const clusterId = randomUUID();
    for (const name of ['monitor', 'disk', 'gateway', 'run', 'log']) await mkdir(join(this.folder, name));
    const settings = { folder: this.folder, clusterId, monitorPort, gatewayPort: this.port };
    await writeFile(this.#configuration, cephConfiguration(settings));
    const map = join(this.folder, 'monitor-map');
    await run('monmaptool', [
      '--create',
      '--addv',
      'a',
      `[v2:127.0.0.1:${monitorPort}]`,
      '--fsid',
      clusterId,
      map,
    ]);
    await this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
    this.#spawn('monitor', 'ceph-mon', ['-i', 'a']);
    const diskId = randomUUID();
    await this.#run('ceph', 'osd', 'new', diskId);
    await this.#run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', diskId);
    this.#spawn('disk', 'ceph-osd', ['-i', '0']);
    await this.startGateway();
    await this.#createUser('admin', this.user);
  }

  get #configuration(): string {
    return join(this.folder, 'ceph.conf');
  }

  async #createUser(name: string, { accessKeyId, secretAccessKey }: S3User): Promise<void> {
    const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
    await this.#run('radosgw-admin', 'user', 'create', `--uid=${name}`, `--display-name=${name}`, ...keys);
  }

  async #run(program: string, ...args: string[]): Promise<void> {
    await run(program, ['-c', this.#configuration, ...args], { timeout: START_DEADLINE_MS });
  }

  #spawn(part: Part, program: string, args: string[]): ChildProcess {
    const child = spawn(program, ['-c', this.#configuration, ...args, '-f'], {
      cwd: this.folder,
      stdio: 'ignore',
    });
    this.#processes.set(part, child);
    return child;
  }

  async #kill(part: Part): Promise<void> {
    const child = this.#processes.get(part);
    this.#processes.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async #log(): Promise<string> {
    const log = await readFile(join(this.folder, 'log', 'client.admin.log'), 'utf8').catch(() => '');
    return log.slice(-2_000);
  }
}

export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-s3-'));
  const server = new S3Server(folder, await freePort());
  try {
    await server.initialise(await freePort());
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
