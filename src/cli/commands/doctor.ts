import { existsSync } from 'node:fs';
import { readInstallationState } from '../../system/installation-state.ts';
import { hasLocalKey } from '../../system/local-key.ts';
import type { CheckName, CheckOutcome, Finding } from '../../system/run-doctor.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dataFolderOf, requireInstallation } from '../service/locate.ts';
import { loadSettings } from '../service/settings.ts';
import { displayWidth, padToWidth } from '../terminal/display-width.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

interface DoctorOptions {
  fix?: boolean;
  deep?: boolean;
  strict?: boolean;
  config?: string;
}

export const addDoctorCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.doctor;
  program
    .command('doctor')
    .description(t.description)
    .option('--fix', t.fix)
    .option('--deep', t.deep)
    .option('--strict', t.strict)
    .option('--config <file>', messages.backup.config)
    .addHelpText('after', messages.example('budao doctor --fix'))
    .action(action((context, [options]) => doctor(context, options as DoctorOptions)));
};

async function doctor(context: CliContext, options: DoctorOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const folder = dataFolderOf(context);
  const settings = loadSettings(context, options.config);
  // A ledger that is gone from a folder that had one is a finding; a folder that never had one is a mistake.
  if (settings.stores.ledger.url === null && !hasLocalKey(folder) && !existsSync(folder.blobs))
    requireInstallation(context);
  const configuration = { ...settings, dataDir: folder.path };
  if (terminal.isWatched) terminal.note(terminal.dim(messages.doctor.examining));
  const { fix = false, deep = false, strict = false } = options;
  // The index engine takes a second to load, which no other command should wait for.
  const { runDoctor } = await import('../../system/run-doctor.ts');
  const { outcomes, findings, checked } = await runDoctor(configuration, { fix, deep });
  const { running } = await readInstallationState(folder, configuration).catch(() => ({ running: false }));
  const fixed = [...findings, ...outcomes.filter(isOfItsOwn)].filter((one) => one.fixed).length;
  const open = outcomes.filter((outcome) => !outcome.fixed && outcome.result !== 'ok');
  const left =
    findings.filter((finding) => !finding.fixed).length + open.filter(isToDo).filter(isOfItsOwn).length;
  const isWell = !open.some((outcome) => outcome.result === 'failed' || outcome.fixable);
  const ok = isWell && !(strict && open.some(({ result }) => result === 'warning'));
  terminal.result({ ok, running, left, fixed, checked, checks: outcomes, findings }, () => {
    const looked = messages.doctor.checked(checked.documents, checked.blobs, checked.chunks);
    const table = lines(context, outcomes);
    if (findings.length === 0 && open.length === 0) return `${table}\n${looked} ${messages.doctor.healthy}\n`;
    const remark = fixed > 0 && !running ? ` ${messages.doctor.whenRunning}` : '';
    const details = findings.length === 0 ? '' : `${groups(context, findings).join('\n')}\n`;
    return `${table}\n${details}${looked} ${messages.doctor.summary(left, fixed)}${remark}\n`;
  });
  const isFixable =
    !fix && (open.some(({ fixable }) => fixable) || findings.some((finding) => !finding.fixed));
  if (isFixable && !terminal.isJson) terminal.note(`${messages.tryPrefix}${messages.hints.doctorFix}`);
  return ok ? EXIT.ok : EXIT.failed;
}

function isToDo({ result }: CheckOutcome): boolean {
  return result === 'failed' || result === 'warning';
}

/** Of the others each finding counts by itself. */
function isOfItsOwn({ check, result }: CheckOutcome): boolean {
  const isGathered = ['documents', 'derived', 'index', 'search', 'left-overs'].includes(check);
  return !isGathered && !(check === 'ledger' && result === 'failed');
}

/** One line for each check, and below it what to do. */
function lines({ messages, terminal }: CliContext, outcomes: readonly CheckOutcome[]): string {
  const t = messages.doctor;
  const resultWidth = Math.max(...Object.values(t.results).map(displayWidth), displayWidth(t.fixed));
  const nameWidth = Math.max(...Object.values(t.lines).map(displayWidth));
  return outcomes
    .map((outcome) => {
      const { check, result, subject, evidence, repair, fixed, fixable } = outcome;
      const shown = padToWidth(fixed ? t.fixed : t.results[result], resultWidth);
      const colour =
        result === 'failed' && !fixed
          ? terminal.red(shown)
          : result === 'ok' || fixed
            ? terminal.green(shown)
            : terminal.bold(shown);
      const about = subject === '' ? '' : `${withoutControls(subject)}: `;
      const line = `${colour}  ${padToWidth(t.lines[check], nameWidth)}  ${about}${withoutControls(evidence[t.language])}\n`;
      if (repair === null) return line;
      const hint = fixable && !fixed ? ` (${t.fixes})` : '';
      const indent = ' '.repeat(resultWidth + nameWidth + 4);
      return `${line}${indent}→ ${withoutControls(repair[t.language])}${hint}\n`;
    })
    .join('');
}

/** One block for each check, worst first: what is wrong, and what to do about it. */
function groups({ messages, terminal }: CliContext, findings: readonly Finding[]): string[] {
  const t = messages.doctor;
  const order = ['error', 'warning', 'notice'];
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const byCheck = Map.groupBy(sorted, (finding): CheckName => finding.check);
  return [...byCheck].map(([check, found]) => {
    const severity = t.severity[found[0]?.severity ?? 'notice'];
    const blocks = found.map((finding) => {
      const state = finding.fixed ? terminal.green(t.fixed) : terminal.red(t.toDo);
      const name = finding.name === undefined ? '' : `  ${withoutControls(finding.name)}`;
      // The English message says what the heading says, with its numbers.
      const message = t.actions === null || check === 'check-failed' ? [finding.message] : [];
      const action = t.actions?.[check] ?? finding.action;
      const said = [...message, action].map((text) => `\n    ${withoutControls(text)}`).join('');
      return `  [${state}] ${withoutControls(finding.subject)}${t.actions === null ? '' : name}${said}`;
    });
    return `${terminal.bold(t.heading(t.checks[check], severity))}\n${blocks.join('\n')}\n`;
  });
}
