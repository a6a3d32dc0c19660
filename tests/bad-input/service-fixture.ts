import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Service } from '../support/service.ts';

/** A service with settings that only a configuration file can give; the file goes with the service. */
export async function startConfigured(settings: object): Promise<Service> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-config-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'budao.yaml');
  await writeFile(path, stringify(settings));
  const service = await Service.start({ environment: { BUDAO_CONFIG: path } });
  const stop = service[Symbol.asyncDispose].bind(service);
  cleanup.defer(stop);
  const owned = cleanup.move();
  return Object.assign(service, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}
