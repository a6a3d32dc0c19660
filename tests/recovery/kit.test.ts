import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budao } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { ROOT, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

/** The full run takes everything along, packed as small as a user's kit. */
const IS_FULL = process.env.BUDAO_KIT_FULL === '1';
const KNOWLEDGE = IS_FULL ? 'whole' : 'sample';
const LEVEL = IS_FULL ? '6' : '1';
const QUESTION = 'How long may a VPN session last?';
const isRoot = process.getuid?.() === 0;
/** Nobody's user and group on every system. */
const NOBODY = 65_534;
/** What a base system has, and what the script says that it needs; no Node among it. */
const BASE_SYSTEM = [
  'sh',
  'sha256sum',
  'tar',
  'gzip',
  'uname',
  'sed',
  'dirname',
  'mkdir',
  'rm',
  'mv',
  'cat',
  'chmod',
];
const START_DEADLINE_MS = 120_000;

interface MadeKit {
  path: string;
  bytes: number;
  parts: { name: string; bytes: number }[];
  manifest: { counts: { documents: number } };
}

describe('a kit', () => {
  let place: string;
  let service: Service;
  let kit: string;
  let key: string;
  let recipient: string;
  let made: MadeKit;

  const run = (...args: string[]) => budao([...args, '--data-dir', service.dataDir]);
  const create = (out: string) =>
    run(
      'kit',
      'create',
      '--json',
      '--out',
      out,
      '--knowledge',
      KNOWLEDGE,
      '--level',
      LEVEL,
      '--recipient',
      recipient,
    );
  /** The answer with its sources, as people read it. */
  const answered = (stdout: string): string => {
    expect(stdout).toMatch(/Sources/);
    return stdout;
  };

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'budao-kit-'));
    service = await Service.start({ environment: { BUDAO_SAMPLE: '1' } });
    key = join(place, 'recovery.key');
    const made = await run('backup', 'init', '--repo', join(place, 'repository'), '--new-key', key);
    if (made.code !== 0) throw new Error(made.stderr);
    recipient = /age1\w+/.exec(await readFile(key, 'utf8'))?.[0] ?? '';
    await until(async () => (await run('ask', QUESTION)).stdout.includes('Sources'), 60_000);
    kit = join(place, 'kit.tar');
  }, 180_000);
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    if (place !== undefined) await rm(place, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is not there before it is whole, whenever its maker is killed; the next one tidies up', async () => {
    const args = ['kit', 'create', '--out', kit, '--recipient', recipient, '--data-dir', service.dataDir];
    const maker = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { stdio: 'ignore' });
    const leftOvers = (): string[] => readdirSync(place).filter((name) => name.startsWith('.kit.tar.'));
    await until(() => {
      const [staging] = leftOvers();
      return staging !== undefined && existsSync(join(place, staging, 'program.tar.zst'));
    });
    maker.kill('SIGKILL');
    await new Promise((resolve) => maker.once('close', resolve));
    expect(existsSync(kit)).toBe(false);
    expect(leftOvers()).not.toEqual([]);
    const { code, stdout, stderr } = await create(kit);
    expect(code, stderr).toBe(0);
    made = JSON.parse(stdout) as MadeKit;
    expect(leftOvers()).toEqual([]);
    expect((await stat(kit)).size).toBe(made.bytes);
    expect((await create(kit)).stdout).toContain('kit_invalid');
    expect((await create(join(place, 'not-there', 'kit.tar'))).stdout).toMatch(/kit_invalid[^]*is not there/);
  }, 300_000);

  it('verifies, and names the file in which a byte was flipped, or says that it is cut off', async () => {
    const whole = await budao(['kit', 'verify', kit, '--json']);
    expect(JSON.parse(whole.stdout)).toMatchObject({ manifest: made.manifest });
    const damaged = join(place, 'damaged.tar');
    copyFileSync(kit, damaged);
    for (const [share, file] of [
      [0.2, 'node.gz'],
      [0.7, 'program.tar.zst'],
    ] as const) {
      await using handle = await open(damaged, 'r+');
      const at = Math.floor(made.bytes * share);
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
      await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
      const { code, stdout } = await budao(['kit', 'verify', damaged, '--json']);
      expect([code, stdout]).toEqual([1, expect.stringMatching(new RegExp(`kit_damaged[^]*${file}`))]);
    }
    await using handle = await open(damaged, 'r+');
    await handle.truncate(Math.floor(made.bytes / 2));
    expect((await budao(['kit', 'verify', damaged, '--json'])).stdout).toContain('kit_damaged');
    await rm(damaged);
  }, 120_000);

  it('serves on a bare machine without a network, by one command, with the same answer and sources', async () => {
    const asked = answered((await run('ask', QUESTION)).stdout);
    await using bare = await BareMachine.make(place, kit, key);
    await bare.start('tar -xf kit.tar && exec sh budao-kit/start.sh --key recovery.key --port', ['0']);
    expect(bare.output).toContain('127.0.0.1');
    const again = await bare.run('ask', QUESTION);
    expect(answered(again)).toBe(asked);
    expect(await bare.run('doctor', '--json')).toMatch(/"ok": true/);
    // The second start needs neither key nor archive.
    await bare.stop();
    await rm(join(bare.folder, 'kit.tar'));
    await bare.start('exec sh budao-kit/start.sh --port', ['0']);
    expect(answered(await bare.run('ask', QUESTION))).toBe(asked);
  }, 300_000);

  it('does not start where a file was damaged, and names it; nor with another key', async () => {
    await using bare = await BareMachine.make(place, kit, key);
    await bare.fail('tar -xf kit.tar');
    const other = join(bare.folder, 'other.key');
    const repository = join(place, 'other');
    expect((await run('backup', 'init', '--repo', repository, '--new-key', other)).code).toBe(0);
    await chmod(other, 0o644);
    expect(await bare.fail('sh budao-kit/start.sh --key other.key')).toContain('recovery_key_wrong');
    expect(existsSync(join(bare.folder, 'budao-kit/data/ledger.db'))).toBe(false);
    await rm(join(bare.folder, 'budao-kit/program'), { recursive: true });
    await using file = await open(join(bare.folder, 'budao-kit/program.tar.zst'), 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 1_000);
    const said = await bare.fail('sh budao-kit/start.sh --key recovery.key');
    expect(said).toContain('kit_damaged');
    expect(said).toContain('program.tar.zst');
    expect(existsSync(join(bare.folder, 'budao-kit/program'))).toBe(false);
  }, 120_000);
});

/** Another user, a path with the base system alone, and a network of its own that leads nowhere (needs root; else without). */
class BareMachine implements AsyncDisposable {
  readonly folder: string;
  output = '';
  #child: ChildProcess | null = null;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(place: string, kit: string, key: string): Promise<BareMachine> {
    const machine = new BareMachine(await mkdtemp(join(place, 'bare-')));
    await chmod(place, 0o711);
    const bin = join(machine.folder, 'bin');
    await mkdir(bin);
    const folders = (process.env.PATH ?? '').split(delimiter);
    for (const name of BASE_SYSTEM) {
      const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
      if (found !== undefined) symlinkSync(found, join(bin, name));
    }
    copyFileSync(kit, join(machine.folder, 'kit.tar'));
    copyFileSync(key, join(machine.folder, 'recovery.key'));
    for (const name of ['.', 'bin', 'kit.tar', 'recovery.key']) {
      await chmod(join(machine.folder, name), name.includes('.') && name !== '.' ? 0o600 : 0o755);
      if (isRoot) await chown(join(machine.folder, name), NOBODY, NOBODY);
    }
    return machine;
  }

  async start(command: string, [port = '']: string[]): Promise<void> {
    const wanted = port === '0' ? String(await freePort()) : port;
    this.output = '';
    const child = this.#spawn(`command -v node && exit 9; ${command} ${wanted}`);
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`it ended:\n${this.output}`);
        return this.output.includes(' / ready');
      },
      START_DEADLINE_MS,
      () => `it never was ready:\n${this.output}`,
    );
  }

  /** The kit's own command line, in the same network. */
  async run(...args: string[]): Promise<string> {
    const node = join(this.folder, 'budao-kit/program/node_modules/node/bin/node');
    const cli = join(this.folder, 'budao-kit/program/dist/cli/main.js');
    const data = join(this.folder, 'budao-kit/data');
    const network = isRoot ? ['nsenter', `--net=/proc/${this.#child?.pid}/ns/net`] : ['env'];
    const [command, ...rest] = [...network, node, cli, ...args, '--data-dir', data];
    return collect(
      spawn(command ?? node, rest, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { LANG: 'C.UTF-8', PATH: process.env.PATH },
      }),
    );
  }

  async fail(command: string): Promise<string> {
    this.output = '';
    const child = this.#spawn(command);
    await new Promise((resolve) => child.once('close', resolve));
    if (!command.startsWith('tar') && child.exitCode === 0)
      throw new Error(`it did not fail: ${this.output}`);
    return this.output;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #spawn(script: string): ChildProcess {
    const bare = ['env', '-i', `PATH=${join(this.folder, 'bin')}`, join(this.folder, 'bin/sh'), '-c', script];
    const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...bare];
    const alone = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...asNobody];
    const [command = '', ...rest] = isRoot ? alone : bare;
    const child = spawn(command, rest, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.#child = child;
    return child;
  }
}

async function collect(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}
