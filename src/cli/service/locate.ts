/** Finds the service and a key for it: what was said, else what the data folder knows. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Configuration, loadConfiguration } from '../../system/configuration.ts';
import { type DataFolder, dataFolderAt } from '../../system/data-folder.ts';
import { readEndpoint } from '../../system/endpoint-file.ts';
import { hasLocalKey, readLocalKey } from '../../system/local-key.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { isLoopback, ServiceClient } from './client.ts';

/** The data folder that the options, the environment or the configuration file name. */
export function dataFolderOf({ environment, options }: CliContext): DataFolder {
  const named = options.dataDir ?? (environment.BUDAO_DATA_DIR || undefined);
  if (named !== undefined) return dataFolderAt(resolve(named));
  if (environment.BUDAO_CONFIG) return dataFolderAt(loadConfiguration(environment).dataDir);
  return dataFolderAt(resolve('data'));
}

/** All settings, as a service started from here would have them; null where they are not fit to start one. */
export function configurationOf(context: CliContext): Configuration | null {
  try {
    return loadConfiguration(context.environment, { dataDir: dataFolderOf(context).path });
  } catch {
    return null;
  }
}

/** @throws CliError not_running, key_missing, url_invalid */
export async function connect(context: CliContext): Promise<ServiceClient> {
  const { environment, options, messages } = context;
  const givenUrl = options.url ?? (environment.BUDAO_URL || undefined);
  const givenKey = options.apiKey ?? (environment.BUDAO_API_KEY || undefined);
  if (givenUrl !== undefined && !/^https?:\/\//i.test(givenUrl)) {
    throw new CliError(EXIT.usage, 'url_invalid', messages.errors.urlInvalid(givenUrl));
  }
  const folder = givenUrl !== undefined && givenKey !== undefined ? null : dataFolderOf(context);
  const url = givenUrl ?? (await localUrl(context, folder));
  // The local key opens everything here, so it never leaves for another machine.
  const apiKey = givenKey ?? (await localKey(context, isLoopback(url) ? folder : null));
  return new ServiceClient({ url, apiKey, messages });
}

async function localUrl({ messages }: CliContext, folder: DataFolder | null): Promise<string> {
  const url = folder === null ? null : await readEndpoint(folder);
  if (url !== null) return url;
  throw new CliError(EXIT.unreachable, 'not_running', messages.errors.notRunning(folder?.path ?? ''), {
    hint: messages.hints.start,
  });
}

async function localKey({ messages }: CliContext, folder: DataFolder | null): Promise<string> {
  if (folder !== null && hasLocalKey(folder)) return readLocalKey(folder);
  throw new CliError(EXIT.usage, 'key_missing', messages.errors.keyMissing(folder?.path ?? ''), {
    hint: messages.hints.giveKey,
  });
}

/** A folder that no service has ever used: nothing may be created in it by looking. */
export function requireInstallation(context: CliContext): DataFolder {
  const folder = dataFolderOf(context);
  if (existsSync(join(folder.path, 'ledger.db'))) return folder;
  throw new CliError(EXIT.usage, 'no_data_folder', context.messages.errors.noDataFolder(folder.path), {
    hint: context.messages.hints.giveDataDir,
  });
}
