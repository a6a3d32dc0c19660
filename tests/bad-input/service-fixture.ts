import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Service, type ServiceOptions } from '../support/service.ts';

/** A service with settings that only a configuration file can give. */
export async function startConfigured(
  settings: object,
  options: ServiceOptions = {},
): Promise<Service & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-config-'));
  const path = join(folder, 'budao.yaml');
  await writeFile(path, stringify(settings));
  try {
    return await Service.start({ ...options, environment: { BUDAO_CONFIG: path, ...options.environment } });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
