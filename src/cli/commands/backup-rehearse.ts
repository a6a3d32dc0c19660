import type { Command } from 'commander';
import type { RehearsalEvidence, RehearsalOutcome } from '../../system/rehearsal/evidence.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { CommandSetup } from './add-command.ts';

interface RehearseOptions {
  config?: string;
  repo?: string;
  key?: string;
  snapshot?: string;
  golden?: string;
  withModels?: boolean;
  keep?: boolean;
}

/** `budao backup rehearse`. */
export function addRehearseCommand(backup: Command, { messages, action }: CommandSetup): void {
  const t = messages.care;
  backup
    .command('rehearse')
    .description(t.rehearse)
    .option('--repo <name>', messages.backup.repo)
    .option('--key <file>', t.rehearseKey)
    .option('--snapshot <id>', messages.restore.snapshot)
    .option('--golden <set>', t.golden)
    .option('--with-models', t.withModels)
    .option('--keep', t.keep)
    .option('--config <file>', messages.backup.config)
    .addHelpText('after', messages.example('budao backup rehearse --repo offsite --key budao.key'))
    .action(action((context, [options]) => rehearse(context, options as RehearseOptions)));
}

async function rehearse(context: CliContext, options: RehearseOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.care;
  const configuration = loadSettings(context, options.config);
  const { rehearsal, keyFile } = configuration.backup;
  // The engines are for this command alone.
  const { rehearseHere } = await import('../../system/backup/care-here.ts');
  using interrupt = new Interrupt();
  using progress = createProgress(terminal);
  let phase = '';
  try {
    const outcome = await rehearseHere({
      configuration,
      repository: options.repo ?? null,
      keyFile: options.key ?? keyFile,
      snapshotId: options.snapshot ?? null,
      golden: options.golden ?? rehearsal.golden,
      withModels: options.withModels ?? rehearsal.withModels,
      keep: options.keep === true,
      signal: interrupt.signal,
      onProgress(now) {
        if (now.phase !== phase) progress.begin(t.phases[now.phase], Math.max(1, now.total));
        phase = now.phase;
        progress.update(now.done, '');
      },
    });
    progress[Symbol.dispose]();
    terminal.result(outcome, () => inWords(context, outcome));
    return outcome.verdict === 'pass' ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!interrupt.hasHappened) throw error;
    progress[Symbol.dispose]();
    terminal.note(t.rehearsalStopped);
    return EXIT.interrupted;
  }
}

function inWords(
  { messages, terminal }: CliContext,
  { verdict, message, evidence }: RehearsalOutcome,
): string {
  const t = messages.care;
  const mark = verdict === 'pass' ? t.verdicts.pass : terminal.red(t.verdicts[verdict]);
  const lines = [t.rehearsed(mark), ...figures(t, evidence)];
  if (message !== null) lines.push(withoutControls(message));
  if (evidence.kept !== null) lines.push(t.kept(evidence.kept));
  return `${lines.join('\n')}\n`;
}

function figures(t: CliContext['messages']['care'], evidence: RehearsalEvidence): string[] {
  const { snapshotId, takenAt, rtoMs, rpoMs, retrieval, answers, doctor } = evidence;
  const lines: string[] = [];
  if (snapshotId !== null && takenAt !== null)
    lines.push(t.snapshotOf(snapshotId, formatTime(takenAt / 1000)));
  if (rtoMs !== null) lines.push(t.rto((rtoMs / 1000).toFixed(1)));
  if (rpoMs !== null) lines.push(t.rpo(Math.round(rpoMs / 1000)));
  if (doctor !== null) lines.push(t.doctor(doctor.errors, doctor.warnings));
  if (retrieval !== null) lines.push(t.retrieval(retrieval.identical, retrieval.questions));
  if (answers !== null) {
    const share = (score: number | null) => (score === null ? '–' : `${Math.round(score * 100)} %`);
    lines.push(t.answers(share(answers.score), share(answers.baselineScore)));
  }
  return lines;
}
