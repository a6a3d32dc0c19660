import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  /** Counts from 1. */
  line: number;
  message: string;
}

const MADE_BY_TOOLS = new Set(['node_modules', 'dist', 'data', 'coverage', 'test-results', '.git', '.cache']);
const TEXT = /\.(ts|tsx|mjs|js|json|css|html|md|ya?ml|sh)$|\/\.ci\/\w+$/;
const NOT_WRITTEN_BY_HAND = /(^|\/)package-lock\.json$|^samples\/|^tests\/fixtures\/.*\.(json|html|md|txt)$/;

/** All text that people write in the repository. */
export function readSourceTree(root: string): SourceFile[] {
  return list(root, '')
    .filter((path) => TEXT.test(`/${path}`) && !NOT_WRITTEN_BY_HAND.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function list(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return MADE_BY_TOOLS.has(entry.name) ? [] : list(root, path);
    return entry.isFile() ? [path] : [];
  });
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

export const isTestAid = (path: string): boolean =>
  /\.(test|suite)\.[a-z]+$|(^|\/)(testing|kill-points)(\.ts$|\/)|^tests\//.test(path);
