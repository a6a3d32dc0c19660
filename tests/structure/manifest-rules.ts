import type { SourceFile, Violation } from './source-tree.ts';

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/** Every dependency is one version, in every manifest. */
export function checkManifests(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => /(^|\/)package\.json$/.test(path))
    .flatMap(({ path, text }) => {
      const manifest = JSON.parse(text) as Partial<Record<(typeof SECTIONS)[number], Record<string, string>>>;
      return SECTIONS.flatMap((section) => Object.entries(manifest[section] ?? {}))
        .filter(([, version]) => !EXACT.test(version))
        .map(([name, version]) => ({
          path,
          line: text.split('\n').findIndex((line) => line.includes(`"${name}"`)) + 1,
          message: `${name} is pinned to no exact version: ${version}`,
        }));
    });
}
