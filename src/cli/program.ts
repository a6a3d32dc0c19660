import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../system/version.ts';
import { asCliError } from './cli-error.ts';
import type { AddCommand, CommandSetup } from './commands/add-command.ts';
import { addAlertsCommand } from './commands/alerts.ts';
import { addAskCommand } from './commands/ask.ts';
import { addBackupCommand } from './commands/backup.ts';
import { addBreakersCommand } from './commands/breakers.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDrillCommand } from './commands/drill.ts';
import { addEvalCommand } from './commands/eval.ts';
import { addIngestCommand } from './commands/ingest.ts';
import { addInitCommand } from './commands/init.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addKitCommand } from './commands/kit.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addSearchCommand } from './commands/search.ts';
import { addStatusCommand } from './commands/status.ts';
import { addUsersCommand } from './commands/users.ts';
import { addWorkspacesCommand } from './commands/workspaces.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { chooseMessages, type Messages } from './language/messages.ts';
import { displayWidth } from './terminal/display-width.ts';
import { withoutControls } from './terminal/one-line.ts';
import { type OutputStream, Terminal } from './terminal/terminal.ts';

const COMMANDS: readonly AddCommand[] = [
  addAskCommand,
  addIngestCommand,
  addSearchCommand,
  addRunsCommand,
  addStatusCommand,
  addAlertsCommand,
  addDoctorCommand,
  addDrillCommand,
  addEvalCommand,
  addBackupCommand,
  addRestoreCommand,
  addKitCommand,
  addUsersCommand,
  addKeysCommand,
  addWorkspacesCommand,
  addBreakersCommand,
  addConfigCommand,
  addInitCommand,
  addMigrateCommand,
];

export interface CliEnvironment {
  environment: NodeJS.ProcessEnv;
  stdout: OutputStream;
  stderr: OutputStream;
}

/** Runs one command line. Never throws: whatever goes wrong is said on stderr and in the exit code. */
export async function runCli(args: readonly string[], cli: CliEnvironment): Promise<ExitCode> {
  const messages = chooseMessages(valueOf(args, '--lang'), cli.environment);
  const isJson = args.includes('--json');
  const terminal = new Terminal({
    stdout: cli.stdout,
    stderr: cli.stderr,
    isJson,
    environment: cli.environment,
  });
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(messages, terminal, {
    messages,
    action:
      (work) =>
      async (...given) => {
        // Commander hands over the command itself last.
        const command = given.at(-1) as Command;
        const options = command.optsWithGlobals<GlobalOptions>();
        const context: CliContext = { environment: cli.environment, options, messages, terminal };
        exitCode = await work(context, given.slice(0, -1));
      },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, messages, terminal);
  }
}

function createProgram(messages: Messages, terminal: Terminal, setup: CommandSetup): Command {
  const t = messages.program;
  const program = new Command('budao')
    .description(t.description)
    .option('--url <address>', t.url)
    .option('--api-key <key>', t.apiKey)
    .option('--data-dir <folder>', t.dataDir)
    .option('--json', t.json)
    .addOption(new Option('--lang <language>', t.lang).choices(['zh', 'en']))
    .version(VERSION, '--version', t.version)
    .addHelpText('after', messages.example('budao ask "How do I get a VPN account?"') + t.exitCodes);
  program.configureHelp({
    showGlobalOptions: true,
    displayWidth,
    styleTitle: (title) => t.titles[title] ?? title,
  });
  // `budao up` is served before this program exists, by scripts/up.mjs; it is listed here to be found.
  program.command('up').description(t.up).helpOption(false);
  for (const add of COMMANDS) add(program, setup);
  localise(program, messages, terminal);
  return program;
}

/** The same for all commands: errors end with what to try, and nothing ends the process by itself. */
function localise(command: Command, messages: Messages, terminal: Terminal): void {
  const t = messages.program;
  const path = pathOf(command);
  command
    .exitOverride()
    .helpOption('-h, --help', t.help)
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) =>
        write(`${text.replace(/^error: /, messages.errorPrefix)}${t.tryHelp(path)}\n`),
    });
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    localise(child, messages, terminal);
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function report(thrown: unknown, messages: Messages, terminal: Terminal): ExitCode {
  const error = asCliError(thrown);
  const { code, message, hint } = error;
  if (terminal.isJson) terminal.result({ error: { code, message, hint } }, () => '');
  terminal.note(
    `${messages.errorPrefix}${withoutControls(message)}${code === 'unexpected_error' ? '' : ` (${code})`}`,
  );
  if (hint !== null) terminal.note(`${messages.tryPrefix}${hint}`);
  return error.exitCode;
}

/** Language and form of the output are needed before the arguments are understood, for errors in them. */
function valueOf(args: readonly string[], option: string): string | undefined {
  const at = args.findIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  if (at === -1) return undefined;
  return args[at]?.includes('=') === true ? args[at].slice(option.length + 1) : args[at + 1];
}
