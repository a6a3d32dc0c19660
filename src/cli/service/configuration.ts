import { type Configuration, ConfigurationError, loadConfiguration } from '../../system/configuration.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** The settings for a command that works beside the service, or without one. @throws CliError */
export function requireConfiguration(
  { environment, options, messages }: CliContext,
  configFile: string | undefined,
): Configuration {
  try {
    return loadConfiguration(environment, {
      ...(configFile === undefined ? {} : { configFile }),
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CliError(EXIT.usage, error.code, error.message.replace(/\nTry: .*$/, ''), {
      hint: messages.hints.configuration,
      cause: error,
    });
  }
}
