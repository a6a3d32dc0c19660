import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { README_TEXT } from './readme.ts';
import { createBench, takeSnapshot } from './testing/bench.ts';

const run = promisify(execFile);

/** The commands are those of the README itself, without a line of this program. */
test.each([
  ['Chinese', '手工恢复', '<名称>'],
  ['English', 'Restoring by hand', '<name>'],
])(
  'the %s instructions in a repository restore a snapshot with age, zstd, tar, jq and sha256sum',
  async (_, heading, name) => {
    await using bench = await createBench();
    const documents = ['年假十五天\n', 'second document\n', ''];
    await takeSnapshot(await bench.open(), documents.slice(0, 1));
    const manifest = await takeSnapshot(await bench.open(), documents);
    const [, instructions = ''] = (await readFile(join(bench.folder, 'README.txt'), 'utf8')).split(heading);
    await writeFile(join(bench.folder, 'key.txt'), `${bench.key.identity}\n`);
    const snapshots = await readdir(join(bench.folder, 'snapshots'));
    const file = snapshots.find((candidate) => candidate.includes(manifest.id)) ?? '';
    const unpack = block(instructions, 'mkdir out', 'done').replaceAll(`${name}.json`, file);
    await shell(unpack, bench.folder);
    await shell(block(instructions, 'cd out', '--quiet'), bench.folder);
    const { stdout } = await shell(
      block(instructions, 'jq . out/', 'sha256)').replaceAll(`${name}.json`, file),
      bench.folder,
    );
    const contents = JSON.parse(stdout) as {
      blobs: { sha256: string }[];
      tables: { pieces: { sha256: string }[] }[];
    };
    const out = (sha256: string) => readFile(join(bench.folder, 'out', sha256), 'utf8');
    expect(await Promise.all(contents.blobs.map(({ sha256 }) => out(sha256)))).toEqual(documents);
    expect(await out(contents.tables[0]?.pieces[0]?.sha256 ?? '')).toMatch(/^\["id"\]\n/);
  },
);

test('a signature is checked by openssl with the public key that the repository keeps', async () => {
  await using bench = await createBench();
  await takeSnapshot(await bench.open(), ['one']);
  const work = join(bench.folder, '..', 'work');
  await mkdir(work);
  const [file = ''] = await readdir(join(bench.folder, 'snapshots'));
  const commands = `
    head -n 1 ${bench.folder}/snapshots/${file} | tr -d '\\n' > manifest
    printf "$(sed -n 2p ${bench.folder}/snapshots/${file} | jq -r .signature | sed 's/../\\\\x&/g')" > signature
    key=302a300506032b6570032100$(head -n 1 ${bench.folder}/signers/inst_one.json | jq -r .publicKey)
    printf "$(echo $key | sed 's/../\\\\x&/g')" > key.der
    openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in manifest -sigfile signature`;
  expect((await shell(commands, work)).stdout).toMatch(/Verified Successfully/);
});

test('both languages say the same commands', () => {
  const commandsOf = (text: string) =>
    text
      .replaceAll('<名称>', '<name>')
      .match(/^ {7}.*$/gm)
      ?.filter((line) => /[|$]|mkdir|done/.test(line));
  const [chinese = '', english = ''] = README_TEXT.split('\n\n\n');
  expect(commandsOf(chinese)).toEqual(commandsOf(english));
});

function block(text: string, from: string, to: string): string {
  const start = text.indexOf(from);
  const end = text.indexOf(to, start);
  if (start === -1 || end === -1) throw new Error(`the instructions have no ${from}`);
  return text.slice(start, end + to.length);
}

function shell(commands: string, cwd: string): Promise<{ stdout: string }> {
  return run('bash', ['-e', '-o', 'pipefail', '-c', commands], { cwd });
}
