/**
 * `npm run test:deploy`: what deploy/ has is run here, as root on Debian: the container is built twice and compared, then
 * started; HAProxy and nginx are put before two nodes. Names on the command line choose: container, haproxy, nginx.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tryBalancer } from './lib/try-balancer.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PARTS: Record<string, () => Promise<void> | void> = {
  container: buildTwiceAndStart,
  haproxy: () => tryBalancer(root, 'haproxy'),
  nginx: () => tryBalancer(root, 'nginx'),
};

const names = process.argv.slice(2);
for (const name of names.length === 0 ? Object.keys(PARTS) : names) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`there is no ${name}; try: ${Object.keys(PARTS).join(', ')}`);
  process.stdout.write(`\n── ${name} ──\n`);
  await part();
}

function buildTwiceAndStart(): void {
  const folder = mkdtempSync(join(tmpdir(), 'budao-images-'));
  const build = join(root, 'deploy/container/build.sh');
  try {
    const layers = ['one', 'two'].map((name) => {
      const args = ['--base', 'debian', '--tag', `budao:${name}`, '--output', join(folder, name)];
      const output = run(build, args);
      process.stdout.write(name === 'one' ? output : '');
      return output.match(/^layer .*$/gm)?.join('\n');
    });
    const bills = ['one', 'two'].map((name) => readFileSync(join(folder, name, 'sbom.cdx.json'), 'utf8'));
    if (layers[0] === undefined || layers[0] !== layers[1])
      throw new Error(`two builds differ:\n${layers.join('\n')}`);
    if (bills[0] !== bills[1]) throw new Error('the bills of materials of two builds differ');
    process.stdout.write('built twice: the same layers, the same bill of materials\n');
    process.stdout.write(run(process.execPath, [join(root, 'deploy/container/try.mjs'), 'budao:one']));
  } finally {
    for (const name of ['one', 'one-base', 'two', 'two-base'])
      spawnSync('buildah', ['rmi', '-f', `budao:${name}`]);
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: string[]): string {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}
