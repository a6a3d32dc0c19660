import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Configuration } from '../../system/configuration.ts';
import type { Trial } from '../../system/trial.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { isLoopback } from '../service/client.ts';
import { loadSettings } from '../service/settings.ts';
import type { AddCommand } from './add-command.ts';

interface CheckOptions {
  config?: string;
  offline?: boolean;
}

interface Finding {
  level: 'error' | 'notice';
  code: string;
  message: string;
}

export const addConfigCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.config;
  const config = program.command('config').description(t.description);
  config.addHelpText('after', messages.example('budao config check'));
  config
    .command('check')
    .description(t.check)
    .option('--config <file>', t.file)
    .option('--offline', t.offline)
    .addHelpText('after', messages.example('budao config check --config /etc/budao/budao.yaml'))
    .action(action((context, [options]) => check(context, options as CheckOptions)));
};

async function check(context: CliContext, options: CheckOptions): Promise<ExitCode> {
  const { terminal, messages } = context;
  const settings = loadSettings(context, options.config);
  const asksSomebody =
    settings.models.length > 0 ||
    settings.stores.ledger.url !== null ||
    settings.backup.repositories.length > 0;
  if (!terminal.isJson && options.offline !== true && asksSomebody) terminal.note(messages.config.trying);
  const trials = options.offline === true ? [] : await tryAll(settings);
  const findings = [
    ...(await folderFindings(context, settings.dataDir)),
    ...trials.filter((trial) => !trial.ok).map(trialFinding),
    ...notices(context, settings),
  ];
  const isOk = findings.every((finding) => finding.level !== 'error');
  terminal.result({ ok: isOk, settings, trials, findings }, () =>
    inWords(context, settings, trials, findings),
  );
  return isOk ? EXIT.ok : EXIT.usage;
}

async function tryAll(settings: Configuration): Promise<Trial[]> {
  // Loaded only here: no other command should wait for the adapters.
  const { tryModels } = await import('../../system/try-models.ts');
  const { tryStores } = await import('../../system/try-stores.ts');
  const { tryRepositories } = await import('../../system/backup/try-repositories.ts');
  return [
    ...(await tryStores(settings)),
    ...(await tryModels(settings)),
    ...(await tryRepositories(settings)),
  ];
}

/** The folder itself, or the one that it would be made in. */
async function folderFindings({ messages }: CliContext, dataDir: string): Promise<Finding[]> {
  let folder = dataDir;
  while ((await stat(folder).catch(() => null)) === null && dirname(folder) !== folder)
    folder = dirname(folder);
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is a file`);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch {
    const message = messages.config.folderNotWritable(folder);
    return [{ level: 'error', code: 'data_folder_not_writable', message }];
  }
}

function trialFinding(trial: Trial): Finding {
  return { level: 'error', code: `${trial.kind}_failed`, message: `${trial.name}: ${trial.message}` };
}

function notices({ messages }: CliContext, settings: Configuration): Finding[] {
  const t = messages.config;
  const { host } = settings;
  const isLocal = isLoopback(`http://${host.includes(':') ? `[${host}]` : host}`);
  return [
    ...(settings.models.length === 0 ? [notice('no_model', t.noModel)] : []),
    ...(settings.embedder === null ? [notice('no_embedder', t.noEmbedder)] : []),
    ...(isLocal ? [] : [notice('open_to_network', t.openToNetwork(host))]),
  ];
}

function notice(code: string, message: string): Finding {
  return { level: 'notice', code, message };
}

function inWords(
  { messages, terminal }: CliContext,
  settings: Configuration,
  trials: readonly Trial[],
  findings: readonly Finding[],
): string {
  const t = messages.config;
  const rows = flatten(JSON.parse(JSON.stringify(settings)) as object);
  const tried = trials.map((trial) =>
    trial.ok
      ? `${terminal.green('✓')} ${trial.name}: ${t.answers(trial.durationMs)} ${trial.message}`.trimEnd()
      : `${terminal.red('✗')} ${trial.name}: ${trial.message}`,
  );
  const found = findings
    .filter((finding) => !finding.code.endsWith('_failed'))
    .map((finding) =>
      finding.level === 'error' ? `${terminal.red('✗')} ${finding.message}` : `• ${finding.message}`,
    );
  const errors = findings.filter((finding) => finding.level === 'error').length;
  const blocks = [
    terminal.facts(rows).trimEnd(),
    tried.join('\n'),
    found.join('\n'),
    errors === 0 ? t.good : t.bad(errors),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** `models.0.baseUrl  http://…`: the names that error messages use too. */
function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof entry === 'object' && entry !== null) {
      return Object.keys(entry).length === 0 ? [[name, '-'] as [string, string]] : flatten(entry, name);
    }
    return [
      [name, entry === null || entry === '' ? '-' : `${entry as string | number | boolean}`] as [
        string,
        string,
      ],
    ];
  });
}
