import { type Configuration, ConfigurationError, loadConfiguration } from '../../system/configuration.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** All settings, from the file named, or else from where a service would take them. @throws CliError configuration_invalid */
export function loadSettings(
  { environment, options, messages }: CliContext,
  configFile: string | undefined,
): Configuration {
  const { dataDir } = options;
  try {
    return loadConfiguration(environment, {
      ...(configFile === undefined ? {} : { configFile }),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CliError(EXIT.usage, error.code, error.message.replace(/\nTry: .*$/, ''), {
      hint: messages.hints.configuration,
      cause: error,
    });
  }
}
