import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/system/configuration.ts';
import { ROOT } from '../support/service.ts';
import { findMistakes, type Manifest, parseManifests, renderChart, run, TOOLS } from './manifests.ts';

const CHART = join(ROOT, 'deploy/helm/budao');
const EXAMPLES = ['folder', 'bucket'] as const;
const valuesOf = (name: string): string => join(ROOT, `deploy/helm/examples/${name}.yaml`);
const of = (manifests: readonly Manifest[], kind: string, name?: string): Manifest => {
  const found = manifests.find(
    (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
  );
  if (found === undefined) throw new Error(`no ${kind} ${name ?? ''}`);
  return found;
};

describe('the Helm chart', () => {
  test('is taken by Kubernetes as it is written, with the values of each example', async () => {
    for (const name of EXAMPLES) await run(TOOLS.helm, ['lint', '--strict', CHART, '-f', valuesOf(name)]);
    const rendered = await Promise.all(EXAMPLES.map((name) => renderChart('-f', valuesOf(name))));
    expect(await findMistakes(rendered.flat())).toEqual([]);
  });

  test('a field that Kubernetes does not know, and one of the wrong kind, are noticed', async () => {
    const manifests = await renderChart('-f', valuesOf('folder'));
    const [first] = of(manifests, 'Deployment').spec.template.spec.containers;
    first.livenessProb = first.livenessProbe;
    of(manifests, 'PodDisruptionBudget').spec.selector.matchLabels = 'budao';
    const mistakes = await findMistakes(manifests);
    expect(mistakes.join('\n')).toContain('livenessProb');
    expect(mistakes.join('\n')).toContain('matchLabels must be object');
  });

  test.each(EXAMPLES)('gives nodes settings that they understand, with the values %s', async (name) => {
    const settings = of(await renderChart('-f', valuesOf(name)), 'ConfigMap', 'budao').data['budao.yaml'];
    const configuration = await load(settings);
    expect(configuration.stores.secretKeyFile).toBe('/etc/budao/secrets/secret.key');
    expect(configuration.stores.blobs.bucket === null).toBe(name === 'folder');
  });

  test.each([
    ['no secret', ['--set', 'secrets.existingSecret='], 'secrets.existingSecret: name a Secret'],
    ['no image', ['--set', 'image.repository='], 'image.repository: name the image'],
    ['no database', ['--set', 'database.url='], 'database.url: name the database'],
    ['no bucket', ['--set', 'storage.kind=bucket'], 'storage.bucket.endpoint'],
    ['a database password in the address', ['--set', 'database.url=postgres://u:p@h/d'], '/database/url'],
    ['an unknown value', ['--set', 'api.replica=3'], "additional properties 'replica' not allowed"],
    ['no API node', ['--set', 'api.replicas=0'], '/api/replicas'],
    ['settings of the chart in the settings', ['--set', 'settings.dataDir=/x'], '/settings'],
  ])('refuses %s, and says what to do', async (_, options, message) => {
    await expect(renderChart('-f', valuesOf('folder'), ...options)).rejects.toThrow(message);
  });

  test('nobody answers from a pod that is told to leave, and nobody waits for it longer than its drain', async () => {
    const pod = of(await renderChart('-f', valuesOf('folder')), 'Deployment', 'budao-api').spec.template.spec;
    const [container] = pod.containers;
    const environment = new Map(
      container.env.map((one: { name: string; value: string }) => [one.name, one.value]),
    );
    const delaySeconds = Number(environment.get('BUDAO_LEAVE_DELAY_MS')) / 1_000;
    const { periodSeconds, failureThreshold } = container.readinessProbe;
    expect(delaySeconds).toBeGreaterThanOrEqual(periodSeconds * failureThreshold);
    // Eight seconds for the processes, and some for the supervisor itself.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(delaySeconds + 8 + 5);
  });

  test('the three probes of an API node ask three things, and a worker node is asked without a port', async () => {
    const manifests = await renderChart('-f', valuesOf('folder'));
    const container = (name: string) => of(manifests, 'Deployment', name).spec.template.spec.containers[0];
    const api = container('budao-api');
    const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => api[probe].httpGet.path);
    expect(paths).toEqual(['/startupz', '/readyz', '/livez']);
    const worker = container('budao-worker');
    expect(worker.ports).toBeUndefined();
    expect(worker.livenessProbe.exec.command).not.toEqual(worker.readinessProbe.exec.command);
  });

  test.each(EXAMPLES)(
    'runs as nobody that could change the machine or the program, with the values %s',
    async (name) => {
      const deployments = (await renderChart('-f', valuesOf(name))).filter(
        ({ kind }) => kind === 'Deployment',
      );
      expect(deployments).toHaveLength(2);
      for (const { spec } of deployments) {
        const pod = spec.template.spec;
        expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 1, maxSurge: 1 });
        expect(pod.securityContext).toMatchObject({ runAsUser: 1001, runAsGroup: 1001, runAsNonRoot: true });
        expect(pod.automountServiceAccountToken).toBe(false);
        for (const one of [...pod.initContainers, ...pod.containers])
          expect(one.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
      }
    },
  );
});

describe('kustomize', () => {
  test('its base is what the chart makes', async () => {
    await run(process.execPath, [join(ROOT, 'deploy/kustomize/render-base.mjs'), '--check']);
  });

  test('its example builds, and changed settings are a rollout', async () => {
    const overlay = join(ROOT, 'deploy/kustomize/overlays/example');
    const manifests = parseManifests((await run(TOOLS.kubectl, ['kustomize', overlay])).stdout);
    expect(await findMistakes(manifests)).toEqual([]);
    const { metadata, data } = of(manifests, 'ConfigMap');
    expect(metadata.name).toMatch(/^budao-[a-z0-9]{10}$/);
    await load(data['budao.yaml']);
    for (const { kind, spec } of manifests)
      if (kind === 'Deployment')
        expect(spec.template.spec.volumes).toContainEqual({
          name: 'configuration',
          configMap: { name: metadata.name },
        });
  });
});

test('the application for Argo CD is valid, and its values are taken by the chart', async () => {
  const [application] = parseManifests(readFileSync(join(ROOT, 'deploy/argocd/application.yaml'), 'utf8'));
  if (application === undefined) throw new Error('the file is empty');
  const folder = await mkdtemp(join(tmpdir(), 'budao-argocd-'));
  try {
    const values = join(folder, 'values.json');
    await writeFile(values, JSON.stringify(application.spec.source.helm.valuesObject));
    expect(await findMistakes([application, ...(await renderChart('-f', values))])).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function load(settings: string) {
  const folder = await mkdtemp(join(tmpdir(), 'budao-settings-'));
  try {
    await writeFile(join(folder, 'budao.yaml'), settings);
    return loadConfiguration({ BUDAO_CONFIG: join(folder, 'budao.yaml') });
  } finally {
    await rm(folder, { recursive: true });
  }
}
