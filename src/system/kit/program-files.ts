/** The files of this program that a bare machine of the same kind needs, and no others. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BudaoError } from '../../contract/errors.ts';
import type { FileEntry } from './tar-archive.ts';

export const PROGRAM_ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The Node that runs everything; it travels by itself, since it has to unpack the rest. */
export const NODE_PATH = 'node_modules/node/bin/node';

const OWN_FOLDERS = ['bin', 'console/dist', 'dist', 'docs/guides', 'samples', 'scripts'];
const OWN_FILES = ['package.json', 'LICENSE', 'README.md', 'README.zh.md'];
/** For people who write programs, and for tools that they use. */
const UNUSED =
  /\.(map|d\.[cm]?ts|md|markdown|flow|tsbuildinfo)$|(^|\/)(\.github|__tests__|test|tests|example|examples|benchmark|benchmarks|man|\.compiled)\//;
/** Licences stay, whatever they are called. */
const LICENCE = /(^|\/)(licen[cs]e|notice|copying|third)/i;
const ONNX = 'onnxruntime-node';

interface Manifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

export interface ProgramOptions {
  /** The engine of model folders; large, and of use for nothing else. */
  withOnnx: boolean;
}

/**
 * In the order of their names; without Node itself.
 *
 * @throws BudaoError kit_invalid where the program is not built
 */
export function programFiles({ withOnnx }: ProgramOptions, root = PROGRAM_ROOT): FileEntry[] {
  for (const needed of ['dist/system/main.js', 'console/dist/index.html', NODE_PATH]) {
    if (existsSync(join(root, needed))) continue;
    throw new BudaoError(
      'invalid',
      'kit_invalid',
      `The program lacks ${needed}, so that no kit can be made of it. Run npm run build once, then try again.`,
    );
  }
  const paths = new Set<string>();
  for (const folder of OWN_FOLDERS) for (const path of filesBelow(join(root, folder))) paths.add(path);
  for (const file of OWN_FILES) if (existsSync(join(root, file))) paths.add(join(root, file));
  for (const folder of productionPackages(root)) {
    const name = packageName(root, folder);
    if (name === 'node' || name.startsWith('@types/') || (name === ONNX && !withOnnx)) continue;
    for (const path of filesBelow(folder))
      if (!isNestedPackage(folder, path) && isUsed(relative(folder, path), name)) paths.add(path);
  }
  return [...paths]
    .map((path) => ({ path, name: relative(root, path).replaceAll('\\', '/') }))
    .filter(
      ({ name }) => !/\.test\.[cm]?[jt]s$/.test(name) && !(name.startsWith('dist/') && UNUSED.test(name)),
    )
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ path, name }) => ({ path, name, ...sizeOf(path) }));
}

function sizeOf(path: string): { bytes: number; isExecutable: boolean } {
  const { size, mode } = statSync(path);
  return { bytes: size, isExecutable: (mode & 0o100) !== 0 };
}

/** Every package that is needed to run, found as Node would find it. */
export function productionPackages(root: string): string[] {
  const found = new Set<string>();
  const visit = (folder: string, isRoot: boolean): void => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    const wanted = {
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
      ...manifest.dependencies,
    };
    for (const name of Object.keys(isRoot ? (manifest.dependencies ?? {}) : wanted)) {
      const place = resolvePackage(root, folder, name);
      // What is optional, and for another kind of machine, is not there.
      if (place === null || found.has(place)) continue;
      found.add(place);
      visit(place, false);
    }
  };
  visit(root, true);
  return [...found].sort();
}

function resolvePackage(root: string, from: string, name: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return place;
    if (folder === root || folder === dirname(folder)) return null;
  }
}

function packageName(root: string, folder: string): string {
  return relative(root, folder).split('node_modules/').at(-1) ?? '';
}

function isNestedPackage(folder: string, path: string): boolean {
  return relative(folder, path).startsWith('node_modules/');
}

function isUsed(path: string, packageNamed: string): boolean {
  if (LICENCE.test(path)) return true;
  if (UNUSED.test(path)) return false;
  const here = `bin/napi-v6/${process.platform}/${process.arch}/`;
  if (packageNamed === ONNX && path.startsWith('bin/') && !path.startsWith(here)) return false;
  // Readers of PDF files in browsers have pages of their own; here its text is read by the legacy build alone.
  if (packageNamed === 'pdfjs-dist')
    return /^(package\.json|legacy\/build\/|cmaps\/|standard_fonts\/|wasm\/|iccs\/)/.test(path);
  return true;
}

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
