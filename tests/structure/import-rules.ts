import { posix } from 'node:path';
import { isTestAid, lineAt, type SourceFile, type Violation } from './source-tree.ts';

export interface Layers {
  /** For each folder of src, the folders and files that it may import. */
  layers: Readonly<Record<string, readonly string[]>>;
  /** Packages that only some folders and files may import. */
  packages: Readonly<Record<string, readonly string[]>>;
}

interface Import {
  specifier: string;
  line: number;
}

const STATIC = /^\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;

export function importsOf(text: string): Import[] {
  return [...text.matchAll(STATIC), ...text.matchAll(DYNAMIC)].map((match) => ({
    specifier: match[1] ?? match[2] ?? '',
    line: lineAt(text, match.index + match[0].length),
  }));
}

/** Imports that go against the direction of the layers, and packages outside of their place. */
export function checkImports(files: readonly SourceFile[], rules: Layers): Violation[] {
  return files
    .filter(({ path }) => /\.tsx?$/.test(path) && !isTestAid(path))
    .flatMap((file) =>
      importsOf(file.text).flatMap(({ specifier, line }) => {
        const message = specifier.startsWith('.')
          ? refuseFile(file.path, posix.join(posix.dirname(file.path), specifier), rules)
          : refusePackage(file.path, specifier, rules);
        return message === null ? [] : [{ path: file.path, line, message }];
      }),
    );
}

function refuseFile(from: string, to: string, rules: Layers): string | null {
  if (from.startsWith('console/')) {
    if (to.startsWith('console/') || to.startsWith('src/contract/')) return null;
    return `the console imports only src/contract, not ${to}`;
  }
  if (!from.startsWith('src/')) return null;
  if (isTestAid(to)) return `the program does not import testing aids: ${to}`;
  if (!to.startsWith('src/')) return to === 'package.json' ? null : `the program is in src, and ${to} is not`;
  const folder = from.split('/')[1] ?? '';
  const target = to.slice('src/'.length);
  if (target.startsWith(`${folder}/`)) return null;
  const allowed = rules.layers[folder];
  if (allowed === undefined) return `src/${folder} has no line in tests/structure/layers.json`;
  return allowed.some((place) => isWithin(target, place)) ? null : `${folder} may not import ${target}`;
}

function refusePackage(from: string, specifier: string, rules: Layers): string | null {
  if (!from.startsWith('src/')) return null;
  const [scope = '', name] = specifier.split('/');
  const packageName = specifier.startsWith('@') ? `${scope}/${name}` : scope;
  const places = rules.packages[packageName];
  if (places === undefined || places.some((place) => isWithin(from.slice('src/'.length), place))) return null;
  return `only ${places.join(', ')} may import ${packageName}`;
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}
