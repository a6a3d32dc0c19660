/** Manifests as objects, and what Kubernetes' own schemas and types say of them. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { ensureDeployTools } from '../../scripts/lib/deploy-tools.mjs';
import { ROOT } from '../support/service.ts';

export const run = promisify(execFile);
export const TOOLS = await ensureDeployTools(ROOT);

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; [key: string]: unknown };
  // oxlint-disable-next-line no-explicit-any -- its shape is what is under test
  [key: string]: any;
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}

export async function renderChart(...options: string[]): Promise<Manifest[]> {
  const { stdout } = await run(TOOLS.helm, [
    'template',
    'budao',
    join(ROOT, 'deploy/helm/budao'),
    ...options,
  ]);
  return parseManifests(stdout);
}

/** The kinds that come from elsewhere have packages of their own. */
const PACKAGES: Record<string, string> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'argoproj.io': '@kubernetes-models/argo-cd',
};

function modulePath({ apiVersion, kind }: Manifest): string {
  const group = apiVersion.split('/')[0] ?? '';
  return join(TOOLS.modules, PACKAGES[group] ?? 'kubernetes-models', apiVersion, kind);
}

/** What the schemas of Kubernetes refuse: fields that are missing or of the wrong kind, and fields that do not exist. */
export async function findMistakes(manifests: readonly Manifest[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const manifest of manifests) {
    const module = (await import(pathToFileURL(`${modulePath(manifest)}.js`).href)) as Record<
      string,
      new (
        content: Manifest,
      ) => { validate(): void }
    >;
    const Model = module[manifest.kind];
    try {
      if (Model === undefined) throw new Error('there is no such kind');
      new Model(manifest).validate();
    } catch (error) {
      wrong.push(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
    }
  }
  return [...wrong, ...(await findUnknownFields(manifests))];
}

/** The schemas let unknown fields pass, as a server without strict validation does; the types made from them do not. */
async function findUnknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-manifests-'));
  try {
    const lines = manifests.map(
      (manifest, index) =>
        `import type { I${manifest.kind} as T${index} } from ${JSON.stringify(modulePath(manifest))};\n` +
        `export const m${index}: T${index} = ${JSON.stringify(manifest)};\n`,
    );
    await writeFile(join(folder, 'manifests.ts'), lines.join(''));
    const options = ['--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'esnext', '--strict'];
    const compiler = [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...options,
      '--moduleResolution',
      'bundler',
    ];
    await run(process.execPath, [...compiler, join(folder, 'manifests.ts')], { cwd: folder });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (stdout === undefined) throw error;
    return stdout
      .split('\n')
      .filter((line) => line.includes('error TS'))
      .map((line) => line.replace(/^.*error TS\d+: /, ''));
  } finally {
    await rm(folder, { recursive: true });
  }
}
