import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { clusterTemplate, SHARED_FILES, type SharedFiles } from '../../system/cluster-template.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { AddCommand } from './add-command.ts';

const KEY_BYTES = 32;

interface InitOptions {
  profile: string;
  out: string;
  files: string;
}

export const addInitCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.init;
  program
    .command('init')
    .description(t.description)
    .requiredOption('--profile <profile>', t.profile)
    .option('--out <file>', t.out, 'budao.yaml')
    .option('--files <place>', t.files, 'folder')
    .addHelpText('after', messages.example('budao init --profile cluster --out /etc/budao/budao.yaml'))
    .action(action((context, [options]) => init(context, options as InitOptions)));
};

async function init(
  { messages, terminal }: CliContext,
  { profile, out, files }: InitOptions,
): Promise<ExitCode> {
  const t = messages.init;
  if (profile !== 'cluster')
    throw new CliError(EXIT.usage, 'profile_unknown', t.profileUnknown(profile), { hint: t.profileHint });
  if (!isSharedFiles(files))
    throw new CliError(EXIT.usage, 'files_unknown', t.filesUnknown(files), { hint: t.filesHint });
  const file = resolve(out);
  const keyFile = join(dirname(file), 'secret.key');
  const content = clusterTemplate({ keyFile, files });
  // Never over somebody's settings, nor over a key that signs sessions.
  await create(file, content, t.exists(file));
  const madeKey = !existsSync(keyFile);
  if (madeKey) await create(keyFile, randomBytes(KEY_BYTES), t.exists(keyFile));
  terminal.result({ file, keyFile, madeKey }, () => t.written(file, keyFile));
  return EXIT.ok;
}

function isSharedFiles(files: string): files is SharedFiles {
  return (SHARED_FILES as readonly string[]).includes(files);
}

async function create(file: string, content: string | Buffer, whenThere: string): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CliError(EXIT.usage, 'file_exists', whenThere);
    throw new CliError(EXIT.failed, 'file_not_written', message, { cause: error });
  }
}
