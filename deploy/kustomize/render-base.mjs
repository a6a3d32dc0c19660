// Makes the base of kustomize from the Helm chart: nodes.yaml, and budao.yaml, from which kustomize generates the
// ConfigMap under a name with a hash, so that changed settings are a rollout. With --check it says what is out of date.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { ensureDeployTools } from '../../scripts/lib/deploy-tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const base = fileURLToPath(new URL('base/', import.meta.url));
const values = `${root}/deploy/helm/examples/folder.yaml`;

const { helm } = await ensureDeployTools(root);
const rendered = execFileSync(helm, ['template', 'budao', `${root}/deploy/helm/budao`, '-f', values], {
  encoding: 'utf8',
});
const documents = rendered.split(/^---\n/m).filter((text) => text.trim() !== '');
const isSettings = (text) => parse(text).kind === 'ConfigMap';
const nodes = documents
  .filter((text) => !isSettings(text))
  .join('---\n')
  .replaceAll(/^ +annotations:\n +# A changed configuration .*\n +checksum\/configuration: .*\n/gm, '')
  .replaceAll('app.kubernetes.io/managed-by: Helm', 'app.kubernetes.io/managed-by: kustomize');
keep('nodes.yaml', nodes);
keep('budao.yaml', parse(documents.find(isSettings)).data['budao.yaml']);

function keep(name, content) {
  if (!process.argv.includes('--check')) return writeFileSync(base + name, content);
  if (readFileSync(base + name, 'utf8') === content) return;
  process.stdout.write(`${name} is not what the chart makes: run node deploy/kustomize/render-base.mjs\n`);
  process.exitCode = 1;
}
