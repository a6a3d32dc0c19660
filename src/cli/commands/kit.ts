import { Option } from 'commander';
import type { KnowledgeChoice } from '../../system/kit/kit-manifest.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { AddCommand } from './add-command.ts';

interface CreateOptions {
  out: string;
  knowledge: KnowledgeChoice;
  models?: boolean;
  recipient: string[];
  level: string;
  config?: string;
}

interface OpenOptions {
  kit: string;
  key?: string;
  dataDir?: string;
  host?: string;
  port?: string;
}

export const addKitCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.kit;
  const kit = program.command('kit').description(t.description);
  const examples = [
    'budao kit create --out /mnt/stick/budao-kit.tar --recipient age1…',
    'budao kit verify /mnt/stick/budao-kit.tar',
  ];
  kit.addHelpText('after', messages.example(...examples));
  kit
    .command('create')
    .description(t.create)
    .requiredOption('--out <file>', t.out)
    .addOption(
      new Option('--knowledge <choice>', t.knowledge).choices(['whole', 'sample', 'none']).default('whole'),
    )
    .option('--models', t.models)
    .option('--recipient <key>', t.recipient, (key: string, all: string[]) => [...all, key], [])
    .option('--level <number>', t.level, '6')
    .option('--config <file>', messages.backup.config)
    .addHelpText('after', messages.example(examples[0] ?? ''))
    .action(action((context, [options]) => create(context, options as CreateOptions)));
  kit
    .command('verify')
    .description(t.verify)
    .argument('<file>', t.verifyFile)
    .addHelpText('after', messages.example(examples[1] ?? ''))
    .action(action((context, [file]) => verify(context, file as string)));
  kit
    .command('open')
    .description(t.open)
    .requiredOption('--kit <folder>', t.openKit)
    .option('--key <file>', t.key)
    .option('--host <address>', t.host)
    .option('--port <number>', t.port)
    .addHelpText('after', messages.example('budao kit open --kit ./budao-kit --key budao-recovery.key'))
    .action(action((context, [options]) => open(context, options as OpenOptions)));
};

async function create(context: CliContext, options: CreateOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.kit;
  const level = Number(options.level);
  if (!Number.isInteger(level) || level < 1 || level > 19)
    throw new CliError(EXIT.usage, 'option_invalid', t.levelInvalid);
  const configuration = loadSettings(context, options.config);
  const [{ makeKit }, { knownRecipients }] = await Promise.all([
    import('../../system/kit/make-kit.ts'),
    import('../../system/kit/known-recipients.ts'),
  ]);
  const recipients = options.recipient.length > 0 ? options.recipient : await knownRecipients(configuration);
  if (recipients.length === 0) throw new CliError(EXIT.usage, 'recovery_key_missing', t.noRecipient);
  using interrupt = new Interrupt();
  using progress = createProgress(terminal);
  let step = '';
  const made = await makeKit({
    configuration,
    out: options.out,
    knowledge: options.knowledge,
    withModels: options.models === true,
    recipients,
    level,
    signal: interrupt.signal,
    onStep(now, snapshot) {
      if (now !== step) progress.begin(t.steps[now], 1);
      step = now;
      if (snapshot !== undefined) progress.update(0, formatBytes(snapshot.bytes));
    },
  });
  progress[Symbol.dispose]();
  terminal.result(made, () => {
    const named = made.parts.filter(({ name }) => t.parts[name] !== undefined);
    const others = made.parts.filter(({ name }) => t.parts[name] === undefined);
    const rest = others.reduce((sum, { bytes }) => sum + bytes, 0);
    const facts = terminal.facts([
      ...named.map(({ name, bytes }): [string, string] => [t.parts[name] ?? name, formatBytes(bytes)]),
      [t.others, formatBytes(rest)],
    ]);
    return `${t.made(made.path, formatBytes(made.bytes), made.manifest.counts.documents)}\n${facts}${t.use(made.path)}\n`;
  });
  if (made.missingModel !== null) terminal.note(t.missingModel(made.missingModel));
  return EXIT.ok;
}

async function verify({ messages, terminal }: CliContext, file: string): Promise<ExitCode> {
  const t = messages.kit;
  const { verifyKit } = await import('../../system/kit/verify-kit.ts');
  const verified = await verifyKit(file);
  terminal.result(verified, () => {
    const { manifest, publicKey, files, bytes } = verified;
    const signed = t.signedBy(publicKey.slice(0, 16), manifest.installationId);
    return `${t.whole(file, files, formatBytes(bytes))}\n${signed}\n`;
  });
  return EXIT.ok;
}

async function open(
  { messages, terminal, options: all }: CliContext,
  options: OpenOptions,
): Promise<ExitCode> {
  const t = messages.kit;
  const { openKit } = await import('../../system/kit/open-kit.ts');
  using progress = createProgress(terminal);
  let phase = '';
  const opened = await openKit({
    kit: options.kit,
    keyFile: options.key ?? null,
    dataDir: all.dataDir ?? null,
    host: options.host ?? null,
    port: options.port === undefined ? null : Number(options.port),
    onProgress(now) {
      if (now.phase !== phase) progress.begin(messages.restore.phases[now.phase], now.bytesTotal);
      phase = now.phase;
      progress.update(now.bytes, formatBytes(now.bytes));
    },
  });
  progress[Symbol.dispose]();
  terminal.result(opened, () => {
    const { snapshotId, dataDir } = opened;
    return `${snapshotId === null ? t.isThere(dataDir) : t.restored(snapshotId, dataDir)}\n`;
  });
  return EXIT.ok;
}
