// The software bill of materials in CycloneDX 1.6: every package that is in the container, with its hash of the lock
// file, and the Node that runs it. `npm sbom` lists what the lock file could install; this lists what is there.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PINNED_NODE = 'node_modules/node';

export function billOfMaterials({ lock, program, epochSeconds }) {
  const own = lock.packages[''];
  const components = Object.entries(lock.packages)
    .filter(([path]) => path.startsWith('node_modules/') && existsSync(join(program, path, 'package.json')))
    .map(([path, entry]) => component(path, entry, program));
  components.push({
    type: 'application',
    'bom-ref': 'node',
    name: 'node',
    version: lock.packages[PINNED_NODE].version,
    purl: `pkg:generic/node@${lock.packages[PINNED_NODE].version}`,
    licenses: [{ license: { id: 'MIT' } }],
  });
  const unique = new Map(components.map((one) => [one['bom-ref'], one]));
  const sorted = [...unique.values()].sort((left, right) => (left['bom-ref'] < right['bom-ref'] ? -1 : 1));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(sorted))}`,
    version: 1,
    metadata: {
      timestamp: new Date(epochSeconds * 1_000).toISOString(),
      component: { type: 'application', 'bom-ref': 'budao', name: own.name, version: own.version },
    },
    components: sorted,
  };
}

function component(path, entry, program) {
  const manifest = JSON.parse(readFileSync(join(program, path, 'package.json'), 'utf8'));
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${entry.version}`;
  const license = typeof manifest.license === 'string' ? manifest.license : entry.license;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version: entry.version,
    purl,
    ...(license ? { licenses: [{ expression: license }] } : {}),
    ...(entry.integrity ? { hashes: [hashOf(entry.integrity)] } : {}),
  };
}

/** The lock file has Base64 behind the name of the algorithm, CycloneDX hexadecimal digits. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split(' ')[0].split(/-(.*)/s);
  return { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}

/** The same content has the same number: a random one would differ from build to build. */
function uuidOf(text) {
  const digits = createHash('sha256').update(text).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
