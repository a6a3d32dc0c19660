/** A real PostgreSQL server of a laboratory's own: on its own folder and port, killed, frozen and restarted at will. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../commands.ts';
import { processesOf, signal } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { freePort } from './free-port.ts';
import { laboratoryEnvironment } from './program.ts';
import { postgresBinaries } from './requirements.ts';

const START_DEADLINE_MS = 60_000;
const END_DEADLINE_MS = 20_000;
export const SUPERUSER = 'postgres';
/** Everybody who can reach the laboratory's own network: only its machines. */
const ACCESS = ['local all all trust', 'host all all all trust', 'host replication all all trust'];

export interface PostgresPlace {
  mark: string;
  folder: string;
  /** The address at which nodes reach it. */
  address: string;
}

export class LaboratoryPostgres {
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  readonly #mark: string;
  #process: ChildProcess | null = null;
  #log = '';

  constructor(place: PostgresPlace, port: number) {
    this.folder = place.folder;
    this.address = place.address;
    this.port = port;
    this.#mark = place.mark;
  }

  static async create(place: PostgresPlace): Promise<LaboratoryPostgres> {
    const server = await prepare(place);
    await server.#run('initdb', [
      '-D',
      server.folder,
      '--no-sync',
      '-U',
      SUPERUSER,
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
    ]);
    await server.#configure();
    await writeFile(join(server.folder, 'pg_hba.conf'), `${ACCESS.join('\n')}\n`);
    await server.start();
    return server;
  }

  /** A second server that follows this one and takes no writes until it is promoted. */
  async createStandby(folder: string, port?: number): Promise<LaboratoryPostgres> {
    const standby = await prepare({ mark: this.#mark, folder, address: this.address }, port);
    const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', SUPERUSER];
    await standby.#run('pg_basebackup', ['-D', standby.folder, ...from, '-R', '--checkpoint=fast']);
    await standby.#configure();
    await standby.start();
    return standby;
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const { uid, gid } = identity();
    const become =
      uid === undefined ? [] : ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--'];
    const command = [...become, join(binaries(), 'postgres'), '-D', this.folder];
    const [program = '', ...args] = uid === undefined ? command : ['setpriv', ...command];
    const child = spawn(program, args, {
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: laboratoryEnvironment(this.#mark, {}),
    });
    this.#process = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-4_000)));
    await waitUntil(
      async () => {
        if (child.exitCode !== null) throw new Error(`PostgreSQL did not start: ${this.#log}`);
        return this.answers();
      },
      START_DEADLINE_MS,
      () => `PostgreSQL did not start: ${this.#log}`,
    );
  }

  async answers(): Promise<boolean> {
    return this.query('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  }

  /** Power-off of all its processes at once, without a goodbye to anybody. */
  async kill(): Promise<void> {
    this.thaw();
    await waitUntil(() => {
      const left = this.#family();
      for (const { pid } of left) signal(pid, 'SIGKILL');
      return left.length === 0;
    }, END_DEADLINE_MS);
    this.#process = null;
  }

  /** It keeps its connections and says nothing more. */
  freeze(): void {
    for (const { pid } of this.#family()) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const { pid } of this.#family()) signal(pid, 'SIGCONT');
  }

  isFrozen(): boolean {
    return this.#family().some(({ state }) => state === 'T');
  }

  get isRunning(): boolean {
    return this.#process !== null && this.#family().length > 0;
  }

  /** @returns what it answered, a line for each row */
  async query(database: string, text: string): Promise<string[]> {
    const where = ['-h', '127.0.0.1', '-p', String(this.port), '-U', SUPERUSER, '-d', database];
    const { stdout } = await run(
      join(binaries(), 'psql'),
      [...where, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text],
      {
        timeoutMs: 20_000,
        environment: { ...laboratoryEnvironment(this.#mark, {}), PGCONNECT_TIMEOUT: '3' },
      },
    );
    return stdout.split('\n').filter((line) => line !== '');
  }

  async promote(): Promise<void> {
    await this.query('postgres', 'SELECT pg_promote()');
  }

  /** It has a folder of its own, in which all its processes work. */
  #family() {
    return processesOf({ mark: '-', folder: this.folder });
  }

  async #configure(): Promise<void> {
    const settings = {
      port: String(this.port),
      listen_addresses: this.address === '127.0.0.1' ? `'127.0.0.1'` : `'127.0.0.1,${this.address}'`,
      unix_socket_directories: `''`,
      wal_level: 'replica',
      shared_buffers: '32MB',
      // A standby looks for its primary again at once; at the default of 5 s a switch may take as long.
      wal_retrieve_retry_interval: '100ms',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    await appendFile(join(this.folder, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    await run(join(binaries(), program), args, {
      ...identity(),
      folder: this.folder,
      environment: laboratoryEnvironment(this.#mark, {}),
    });
  }
}

/** Two servers of which each commit has to reach both, and what becomes of them. */
export class PostgresPair {
  primary: LaboratoryPostgres;
  #standby: LaboratoryPostgres;
  readonly #folder: string;
  readonly #ports: readonly [number, number];
  #count = 0;

  private constructor(folder: string, primary: LaboratoryPostgres, standby: LaboratoryPostgres) {
    this.#folder = folder;
    this.primary = primary;
    this.#standby = standby;
    this.#ports = [primary.port, standby.port];
  }

  static async create(place: PostgresPlace): Promise<PostgresPair> {
    await mkdir(place.folder, { recursive: true, mode: 0o755 });
    const primary = await LaboratoryPostgres.create({ ...place, folder: join(place.folder, 'p0') });
    const standby = await primary.createStandby(join(place.folder, 'p1'));
    const pair = new PostgresPair(place.folder, primary, standby);
    pair.#count = 1;
    await pair.#followed();
    return pair;
  }

  /** Of both, as nodes are told them. */
  get ports(): readonly [number, number] {
    return this.#ports;
  }

  async restart(): Promise<void> {
    await this.primary.start();
    await this.#followed();
  }

  /** The primary is gone, and the standby takes its place. */
  async failOver(): Promise<void> {
    const dead = this.primary;
    await dead.kill();
    // Nobody follows the new one yet: it would wait for its own standby for ever.
    await this.#standby.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = ''`);
    await this.#standby.query('postgres', 'SELECT pg_reload_conf()');
    await this.#standby.promote();
    this.primary = this.#standby;
    this.#standby = dead;
  }

  /** A new standby where the dead server was. */
  async replaceStandby(): Promise<void> {
    const port = this.#standby.port;
    await this.#standby.kill();
    this.#standby = await this.primary.createStandby(join(this.#folder, `p${++this.#count}`), port);
    await this.#followed();
  }

  async isFollowed(): Promise<boolean> {
    return this.primary.query('postgres', 'SELECT sync_state FROM pg_stat_replication').then(
      (rows) => rows.includes('sync'),
      () => false,
    );
  }

  /** From now on a commit counts when both servers have it. */
  async #followed(): Promise<void> {
    await this.primary.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await this.primary.query('postgres', 'SELECT pg_reload_conf()');
    await waitUntil(
      () => this.isFollowed(),
      START_DEADLINE_MS,
      () => 'no standby follows the primary',
    );
  }
}

async function prepare(place: PostgresPlace, port?: number): Promise<LaboratoryPostgres> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const { uid, gid } = identity();
  if (uid !== undefined && gid !== undefined) await chown(place.folder, uid, gid);
  return new LaboratoryPostgres(place, port ?? (await freePort()));
}

function binaries(): string {
  const folder = postgresBinaries();
  if (folder === null) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return folder;
}

/** PostgreSQL refuses to run as root; then it runs as the user that its package has made. */
function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === SUPERUSER);
  if (entry === undefined) throw new Error('there is no user postgres to run PostgreSQL as');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}
