import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { CommandSetup } from './add-command.ts';

interface CareOptions {
  config?: string;
  repo?: string;
  key?: string;
}

/** `budao backup verify` and `budao backup prune`. */
export function addCareCommands(backup: Command, { messages, action }: CommandSetup): void {
  const t = messages.backup;
  backup
    .command('verify')
    .description(t.verify)
    .option('--repo <name>', t.repo)
    .option('--key <file>', t.verifyKey)
    .option('--share <percent>', t.share, '100')
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup verify --repo offsite --key budao.key --share 10'))
    .action(action((context, [options]) => verify(context, options as CareOptions & { share: string })));
  backup
    .command('prune')
    .description(t.prune)
    .option('--repo <name>', t.repo)
    .option('--key <file>', t.pruneKey)
    .option('--yes', t.yes)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup prune --repo offsite', 'budao backup prune --yes'))
    .action(action((context, [options]) => prune(context, options as CareOptions & { yes?: boolean })));
}

async function verify(context: CliContext, options: CareOptions & { share: string }): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const share = Number(options.share);
  if (!(share >= 1 && share <= 100))
    throw new CliError(EXIT.usage, 'share_invalid', messages.errors.numberInvalid('--share', 1, 100));
  const configuration = loadSettings(context, options.config);
  const { verify: look } = await import('../../system/backup/care-for-repository.ts');
  using interrupt = new Interrupt();
  using progress = createProgress(terminal);
  let hasBegun = false;
  const care = { configuration, repository: options.repo ?? null, keyFile: options.key ?? null };
  const startedAt = Date.now();
  const report = await look(care, {
    share: share / 100,
    signal: interrupt.signal,
    onProgress({ packs, packsTotal, bytes }) {
      if (!hasBegun) progress.begin(t.reading, packsTotal);
      hasBegun = true;
      progress.update(packs, formatBytes(bytes));
    },
  });
  progress[Symbol.dispose]();
  const { keepVerification } = await import('../../system/backup/care-here.ts');
  await keepVerification(configuration, care.repository, { report, startedAt });
  const isWhole = report.findings.every(({ severity }) => severity !== 'error');
  terminal.result({ ok: isWhole, ...report }, () => {
    const lines = report.findings.map(({ severity, message, snapshots }) => {
      const concerned = snapshots.length === 0 ? '' : ` ${t.concerned(snapshots.length)}`;
      return `[${severity === 'error' ? terminal.red('!') : '-'}] ${withoutControls(message)}${concerned}`;
    });
    const read = t.verified(report.snapshots, report.packsRead, report.packs, formatBytes(report.bytesRead));
    const remark = report.withKey ? '' : `${t.withoutKey}\n`;
    return `${[...lines, read].join('\n')}\n${remark}${report.findings.length === 0 ? `${t.whole}\n` : ''}`;
  });
  return isWhole ? EXIT.ok : EXIT.failed;
}

async function prune(context: CliContext, options: CareOptions & { yes?: boolean }): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const configuration = loadSettings(context, options.config);
  const { makeRoom } = await import('../../system/backup/care-for-repository.ts');
  const care = { configuration, repository: options.repo ?? null, keyFile: options.key ?? null };
  const { plan, result } = await makeRoom(care, { isAgreed: options.yes === true });
  terminal.result({ plan, result }, () => {
    const going = [...plan.retire, ...plan.remove].map(
      ({ id, createdAt }) => `  ${id}  ${formatTime(createdAt / 1000)}`,
    );
    const lines = [
      t.kept(plan.keep.length),
      going.length === 0 ? t.noneGo : `${t.go(going.length)}\n${going.join('\n')}`,
      ...(plan.streams.length === 0
        ? []
        : [
            t.streamsGo(
              plan.streams.length,
              formatTime(Math.max(...plan.streams.map(({ until }) => until)) / 1000),
            ),
          ]),
      t.freed(plan.files.length, formatBytes(plan.freedBytes)),
      result === null ? t.sayYes : t.pruned,
    ];
    return `${lines.join('\n')}\n`;
  });
  return EXIT.ok;
}
