import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { requireConfiguration } from '../service/configuration.ts';
import type { AddCommand } from './add-command.ts';

export const addMigrateCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.migrate;
  program
    .command('migrate')
    .description(t.description)
    .option('--config <file>', messages.config.file)
    .addHelpText('after', messages.example('budao migrate --config /etc/budao/budao.yaml'))
    .action(action((context, [options]) => migrate(context, options as { config?: string })));
};

async function migrate(context: CliContext, options: { config?: string }): Promise<ExitCode> {
  const { terminal, messages } = context;
  const t = messages.migrate;
  const configuration = requireConfiguration(context, options.config);
  // The database driver is for this command alone.
  const { migrateCluster } = await import('../../system/cluster.ts');
  const outcome = await migrateCluster(configuration);
  if (outcome === null) throw new CliError(EXIT.usage, 'nothing_to_migrate', t.embedded);
  terminal.result(outcome, () =>
    outcome.from === outcome.to ? t.upToDate(outcome.to) : t.done(outcome.from, outcome.to),
  );
  return EXIT.ok;
}
