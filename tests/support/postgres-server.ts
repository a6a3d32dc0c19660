/** A real PostgreSQL server of one test file's own: on its own folder and port, killed, frozen and restarted at will. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { migratePostgresLedger } from '../../src/stores/ledger/postgres-ledger.ts';
import { freePort } from './free-port.ts';

const INSTALLED = '/usr/lib/postgresql';
const START_DEADLINE_MS = 30_000;
const SUPERUSER = 'postgres';
const TEMPLATE = 'migrated';

const run = promisify(execFile);

export interface PostgresServerOptions {
  /** Lines of postgresql.conf. Without fsync, unless one says otherwise: no test cuts the power. */
  settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf, in place of trusting everybody. */
  access?: readonly string[];
  /** Secret files in the server's folder, by name: its key and its certificate. */
  files?: Readonly<Record<string, string>>;
}

export interface StandbyOptions {
  /** One that is free now; any other unless given. */
  port?: number;
  /** Beside those that it inherits. */
  settings?: Readonly<Record<string, string>>;
}

export class PostgresServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #cleanUp: () => Promise<void>;
  #process: ChildProcess | null = null;
  #databases = 0;
  #template: Promise<void> | null = null;

  constructor(folder: string, port: number, cleanUp: () => Promise<void>) {
    this.folder = folder;
    this.port = port;
    this.#cleanUp = cleanUp;
  }

  url(database: string, user = SUPERUSER): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const { uid, gid } = await identity();
    const become =
      uid === undefined ? [] : ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    // It stops when the tests are killed.
    const alone = [...become, '--pdeathsig', 'INT', '--', join(binaries(), 'postgres'), '-D', this.folder];
    const child = spawn('setpriv', alone, {
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`PostgreSQL did not start: ${log}`);
      await sleep(30);
    }
  }

  /** Power-off of all its processes at once, without a goodbye to anybody. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Breaks sessions off, and stops in good order. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** It keeps its connections and says nothing more. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** @returns the name of an empty ledger with the newest schema, made in a moment */
  async createLedger(): Promise<string> {
    this.#template ??= this.#createTemplate();
    await this.#template;
    return this.createDatabase(TEMPLATE);
  }

  async createDatabase(template = 'template0'): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.query('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return name;
  }

  async query(database: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return [await client.query<Record<string, unknown>>(text)].flat().at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Overwrites a part of a table or an index on disk, as a failing disk would. The server restarts meanwhile. */
  async damage(database: string, relation: string): Promise<void> {
    const [row] = await this.query(database, `SELECT pg_relation_filepath('${relation}') AS path`);
    await this.stop();
    const file = await open(join(this.folder, String(row?.path)), 'r+');
    // The second page of an index is its first one with entries, which begin behind the page's head.
    await file.write(Buffer.alloc(4_000, 0x5a), 0, 4_000, 8_192 + 24);
    await file.close();
    await this.start();
  }

  /** A second server that follows this one and takes no writes until it is promoted. */
  async startStandby(options: StandbyOptions = {}): Promise<PostgresServer> {
    const { folder, port, cleanUp } = await freshPlace(options.port);
    await run(
      join(binaries(), 'pg_basebackup'),
      ['-D', folder, '-h', '127.0.0.1', '-p', String(this.port), '-U', SUPERUSER, '-R', '--checkpoint=fast'],
      await identity(),
    );
    const standby = new PostgresServer(folder, port, cleanUp);
    await configure(folder, port, options.settings ?? {});
    await standby.start();
    return standby;
  }

  /** A physical copy that has not been started: what somebody keeps to bring the server back with its archive. */
  async takeBaseBackup(): Promise<PostgresServer> {
    const { folder, port, cleanUp } = await freshPlace();
    await run(
      join(binaries(), 'pg_basebackup'),
      ['-D', folder, '-h', '127.0.0.1', '-p', String(this.port), '-U', SUPERUSER, '--checkpoint=fast'],
      await identity(),
    );
    return new PostgresServer(folder, port, cleanUp);
  }

  /** Of such a copy: starts it, and it follows the archive as far as the settings say. */
  async recover(settings: Readonly<Record<string, string>>): Promise<void> {
    await configure(this.folder, this.port, { archive_mode: 'off', ...settings });
    await writeFile(join(this.folder, 'recovery.signal'), '');
    await this.start();
  }

  async promote(): Promise<void> {
    await this.query('postgres', 'SELECT pg_promote()');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== null) this.thaw();
    await this.kill();
    await this.#cleanUp();
  }

  async #createTemplate(): Promise<void> {
    await this.query('postgres', `CREATE DATABASE ${TEMPLATE} TEMPLATE template0`);
    await migratePostgresLedger({ url: this.url(TEMPLATE) });
  }

  async #answers(): Promise<boolean> {
    return this.query('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const family = signal === 'SIGKILL' ? childrenOf(child.pid as number) : [];
    child.kill(signal);
    for (const pid of family) sendSignal(pid, signal);
    await ended;
    // Its shared memory counts as in use until the last of them is gone.
    while (family.some((pid) => existsSync(`/proc/${pid}`))) await sleep(5);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    for (const one of [pid, ...childrenOf(pid)]) sendSignal(one, signal);
  }
}

export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const { folder, port, cleanUp } = await freshPlace();
  const user = ['-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8'];
  await run(join(binaries(), 'initdb'), ['-D', folder, '--no-sync', ...user], await identity());
  await configure(folder, port, { fsync: 'off', ...options.settings });
  if (options.access !== undefined) {
    await writeFile(join(folder, 'pg_hba.conf'), `${options.access.join('\n')}\n`);
  }
  const { uid, gid } = await identity();
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    if (uid !== undefined && gid !== undefined) await chown(join(folder, name), uid, gid);
  }
  const server = new PostgresServer(folder, port, cleanUp);
  await server.start();
  return server;
}

async function configure(
  folder: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const all = {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: `'${folder}'`,
    wal_level: 'replica',
    shared_buffers: '32MB',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  await writeFile(join(folder, 'postgresql.auto.conf'), `${lines.join('\n')}\n`, { flag: 'a' });
}

async function freshPlace(
  port?: number,
): Promise<{ folder: string; port: number; cleanUp: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-postgres-'));
  const { uid, gid } = await identity();
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  return {
    folder,
    port: port ?? (await freePort()),
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The newest that the system has. */
function binaries(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isFinite) : [];
  if (versions.length === 0) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return join(INSTALLED, String(Math.max(...versions)), 'bin');
}

/** PostgreSQL refuses to run as root; then it runs as the user that its package has made. */
async function identity(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === SUPERUSER);
  if (entry === undefined) throw new Error('there is no user postgres to run PostgreSQL as');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
