import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What tests use beside npm packages: a browser, a Chinese font, a tracer of system calls, a database, an S3 server,
 * networks of their own and their filters, what a person restores with by hand, and the checker of alert rules.
 */
const PACKAGES = [
  { name: 'chromium', isForBrowser: true, isThere: () => isOnPath('chromium') },
  {
    name: 'fonts-noto-cjk',
    isForBrowser: true,
    isThere: () => existsSync('/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc'),
  },
  { name: 'strace', isForBrowser: false, isThere: () => isOnPath('strace') },
  { name: 'postgresql', isForBrowser: false, isThere: () => hasPostgres('/usr/lib/postgresql') },
  { name: 'redis-server', isForBrowser: false, isThere: () => isOnPath('redis-server') },
  { name: 'iproute2', isForBrowser: false, isThere: () => isOnPath('ip') },
  { name: 'nftables', isForBrowser: false, isThere: () => isOnPath('nft') || existsSync('/usr/sbin/nft') },
  { name: 'ceph-mon', isForBrowser: false, isThere: () => isOnPath('ceph-mon') },
  { name: 'ceph-osd', isForBrowser: false, isThere: () => isOnPath('ceph-osd') },
  { name: 'radosgw', isForBrowser: false, isThere: () => isOnPath('radosgw') },
  { name: 'age', isForBrowser: false, isThere: () => isOnPath('age') },
  { name: 'zstd', isForBrowser: false, isThere: () => isOnPath('zstd') },
  { name: 'jq', isForBrowser: false, isThere: () => isOnPath('jq') },
  { name: 'prometheus', isForBrowser: false, isThere: () => isOnPath('promtool') },
  // Only `npm run test:deploy` uses these.
  ...['buildah', 'mmdebstrap', 'runc'].map((name) => ({
    name,
    isForDeploy: true,
    isThere: () => isOnPath(name),
  })),
  ...Object.entries({ haproxy: 'haproxy', 'nginx-light': 'nginx' }).map(([name, program]) => ({
    name,
    isForDeploy: true,
    isThere: () => isOnPath(program) || existsSync(`/usr/sbin/${program}`),
  })),
];

/** Installs what the tests need and is missing, where that is allowed. @returns whether everything is there */
export function ensureSystemPackages({ withoutBrowser }) {
  const needed = PACKAGES.filter((entry) => !entry.isForDeploy && !(withoutBrowser && entry.isForBrowser));
  const after = installMissing(needed, 'the tests');
  if (after.length > 0) explain(after);
  return after.length === 0;
}

/** The same for some of them by name. @returns the names of those that are still missing */
export function ensureNamedPackages(names, purpose) {
  return installMissing(
    PACKAGES.filter((entry) => names.includes(entry.name)),
    purpose,
  );
}

function installMissing(needed, purpose) {
  const before = missing(needed);
  const becomeRoot = before.length === 0 ? null : rootCommand();
  if (becomeRoot === null || !isOnPath('apt-get')) return before;
  process.stderr.write(`budao: installing ${before.join(', ')} for ${purpose} (once, about a minute) …\n`);
  aptGet(becomeRoot, ['update', '-qq']);
  aptGet(becomeRoot, ['install', '-y', '-qq', '--no-install-recommends', ...before]);
  return missing(needed);
}

function explain(names) {
  process.stdout.write(
    `budao: the tests need ${names.join(', ')}, which could not be installed from here. As root:\n` +
      `  apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}\n`,
  );
  if (PACKAGES.some((entry) => entry.isForBrowser && names.includes(entry.name))) {
    process.stdout.write(
      'BUDAO_TEST_WITHOUT_BROWSER=1 npm test leaves out the tests that need the browser.\n',
    );
  }
}

function missing(packages) {
  return packages.filter((entry) => !entry.isThere()).map((entry) => entry.name);
}

/** How to become root without being asked for a password; null where that cannot be. */
function rootCommand() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

function aptGet(becomeRoot, args) {
  const [command, ...rest] = [...becomeRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  // Results show in what is there afterwards, and apt-get itself says what is wrong.
  spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Its programs are not on the path: several versions may be there beside each other. */
function hasPostgres(folder) {
  return (
    existsSync(folder) &&
    readdirSync(folder).some((version) => existsSync(join(folder, version, 'bin', 'postgres')))
  );
}

function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}
