import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { startAndWait } from './refused-start.ts';
import { StoredBefore } from './stored-before.ts';

/** What `npm run up` ends with when starting again would not help. */
const EXIT_REFUSED = 2;
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-start-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** One message, no stack trace, and no endless attempts. */
async function expectRefusal(
  start: Parameters<typeof startAndWait>[0],
  ...messages: RegExp[]
): Promise<string> {
  const { code, output } = await startAndWait(start);
  expect({ code, output }).toMatchObject({ code: EXIT_REFUSED, output: expect.stringMatching(/^budao: /m) });
  for (const message of messages) expect(output).toMatch(message);
  expect(output).not.toMatch(/\n\s+at |node:internal|"stack"|starting it again/);
  return output;
}

describe('settings that are wrong', () => {
  test('in the environment are named all at once, with what is right', async () => {
    const environment = {
      BUDAO_PORT: 'seven',
      BUDAO_WORKERS: '0',
      BUDAO_SAMPLE: 'maybe',
      BUDAO_MODEL_BASE_URL: 'ftp://x',
      BUDAO_MODEL_API_KEY: 'sk-very-secret',
    };
    const output = await expectRefusal(
      { dataDir: folder, environment },
      /4 problems/,
      /BUDAO_PORT/,
      /BUDAO_WORKERS/,
      /BUDAO_SAMPLE/,
      /BUDAO_MODEL_BASE_URL/,
      /http:\/\/ or https:\/\//,
    );
    expect(output).not.toContain('sk-very-secret');
    expect(await readdir(folder)).toEqual([]);
  });

  test('on the command line are refused: an unknown option, and a port that is none', async () => {
    await expectRefusal({ dataDir: folder, args: ['--colour', 'red'] }, /--colour/);
    await expectRefusal({ dataDir: folder, args: ['--port', '99999'] }, /BUDAO_PORT|--port/, /65535/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('in the file are refused: no YAML, no settings, unknown names, and no file at all', async () => {
    const config = join(folder, 'budao.yaml');
    const dataDir = join(folder, 'data');
    const refuse = async (content: string, ...messages: RegExp[]) => {
      await writeFile(config, content);
      await expectRefusal({ dataDir, args: ['--config', config] }, ...messages);
    };
    await refuse('port: [7860\nhost: "x', /not valid YAML/, /budao\.yaml/);
    await refuse('- 1\n- 2\n', /settings by name/);
    await refuse('prot: 7860\nlimits:\n  maxPage: 3\n', /prot/, /maxPage/);
    await expectRefusal(
      { dataDir, args: ['--config', join(folder, 'none.yaml')] },
      /none\.yaml cannot be read/,
    );
  });
});

describe('an address that cannot be used', () => {
  test('because another program has the port is refused with what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    try {
      await expectRefusal(
        { dataDir: folder, args: ['--port', String(port)] },
        new RegExp(`${port}.*in use`),
        /--port/,
      );
    } finally {
      other.close();
    }
  });

  test('because this machine does not have it is refused with what to do', async () => {
    await expectRefusal({ dataDir: folder, args: ['--host', '192.0.2.1'] }, /192\.0\.2\.1/, /--host/);
  });
});

describe('a data folder', () => {
  test('that another Budao uses is left to it: the second says which process, the first goes on', async () => {
    await using first = await Service.start({ dataDir: folder });
    const before = await StoredBefore.create(first);
    const fingerprint = await before.fingerprint();
    const output = await expectRefusal(
      { dataDir: folder },
      /in use by another Budao/,
      /--data-dir/,
      /--port/,
    );
    const [supervisor] = first.processes('supervisor');
    expect(output).toContain(`(process ${supervisor?.pid})`);
    expect(await before.fingerprint()).toBe(fingerprint);
    expect(await first.isReady()).toBe(true);
  });

  test('whose place a file has is refused, and the file stays', async () => {
    const path = join(folder, 'data');
    await writeFile(path, 'mine');
    await expectRefusal({ dataDir: path }, /a file, not a folder/, /--data-dir/);
    await expectRefusal({ dataDir: join(path, 'deeper') }, /a file, not a folder/, /--data-dir/);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test.runIf(isRoot)(
    'that this user may not write is refused with what to do (needs root, to become another user)',
    async () => {
      const dataDir = join(folder, 'data');
      await mkdir(dataDir);
      await chmod(folder, 0o755);
      await chmod(dataDir, 0o755);
      await expectRefusal(
        { dataDir, uid: NOBODY },
        /cannot be written \(EACCES\)/,
        /read and write permission/,
        /--data-dir/,
      );
      expect(await readdir(dataDir)).toEqual([]);
    },
  );

  test.runIf(isRoot)(
    'with files of another user is refused with what to do (needs root, to become another user)',
    async () => {
      const service = await Service.start({ dataDir: folder });
      expect(await service.stop()).toBe(0);
      for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
        if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o777);
      }
      await chmod(folder, 0o777);
      await expectRefusal({ dataDir: folder, uid: NOBODY }, /files that this user may not write/, /chown -R/);
    },
  );

  test.runIf(isRoot)(
    'on a read-only file system is refused with what to do (needs root, to mount one)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', folder]);
      try {
        await expectRefusal({ dataDir: join(folder, 'data') }, /read-only/, /--data-dir/);
      } finally {
        execFileSync('umount', [folder]);
      }
    },
  );
});

describe('a ledger', () => {
  let template = '';
  let fingerprint = '';
  let before: StoredBefore;
  const ledger = () => join(folder, 'ledger.db');

  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), 'budao-template-'));
    await using service = await Service.start({ dataDir: template });
    before = await StoredBefore.create(service);
    fingerprint = await before.fingerprint();
    await service.stop();
  });
  afterAll(() => rm(template, { recursive: true, force: true }));
  beforeEach(() => cp(template, folder, { recursive: true }));

  /** The same things under the same ids, once the trouble is over. */
  async function expectNothingLost(): Promise<void> {
    await using service = await Service.start({ dataDir: folder });
    expect(await StoredBefore.of(service, before).fingerprint()).toBe(fingerprint);
  }

  test('of a newer version is refused and left as it is', async () => {
    const version = setVersion(999);
    const hash = await hashOf(ledger());
    await expectRefusal({ dataDir: folder }, /schema version 999/, /newer program/, /snapshot/);
    expect(await hashOf(ledger())).toBe(hash);
    setVersion(version);
    await expectNothingLost();
  });

  test('whose header is damaged is refused and left as it is', async () => {
    const header = Buffer.alloc(100);
    const file = await open(ledger(), 'r+');
    await file.read(header, 0, header.length, 0);
    await file.write(Buffer.from(header.map((byte) => byte ^ 0xff)), 0, header.length, 0);
    const hash = await hashOf(ledger());
    await expectRefusal({ dataDir: folder }, /ledger file is damaged/, /restore from a backup/);
    expect(await hashOf(ledger())).toBe(hash);
    await file.write(header, 0, header.length, 0);
    await file.close();
    await expectNothingLost();
  });

  test('that is cut off is refused and left as it is', async () => {
    const whole = await readFile(ledger());
    await writeFile(ledger(), whole.subarray(0, 8_000));
    await expectRefusal({ dataDir: folder }, /ledger file is damaged/, /restore from a backup/);
    expect((await readFile(ledger())).equals(whole.subarray(0, 8_000))).toBe(true);
  });

  test('that is no database is refused and left as it is', async () => {
    await writeFile(ledger(), 'this was my diary\n'.repeat(1_000));
    await expectRefusal({ dataDir: folder }, /ledger file is damaged/);
    expect(await readFile(ledger(), 'utf8')).toContain('diary');
  });

  /** @returns the version before */
  function setVersion(version: number): number {
    const database = new DatabaseSync(ledger());
    const present = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    return present;
  }
});

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
