import { loadConfiguration } from '../../system/configuration.ts';
import { readInstallationState } from '../../system/installation-state.ts';
import type { CheckName, Finding } from '../../system/run-doctor.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { requireInstallation } from '../service/locate.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

interface DoctorOptions {
  fix?: boolean;
  deep?: boolean;
}

export const addDoctorCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.doctor;
  program
    .command('doctor')
    .description(t.description)
    .option('--fix', t.fix)
    .option('--deep', t.deep)
    .addHelpText('after', messages.example('budao doctor --fix'))
    .action(action((context, [options]) => doctor(context, options as DoctorOptions)));
};

async function doctor(context: CliContext, options: DoctorOptions): Promise<ExitCode> {
  const { environment, messages, terminal } = context;
  const folder = requireInstallation(context);
  const configuration = loadConfiguration(environment, { dataDir: folder.path });
  if (terminal.isWatched) terminal.note(terminal.dim(messages.doctor.examining));
  const { fix = false, deep = false } = options;
  // The index engine takes a second to load, which no other command should wait for.
  const { runDoctor } = await import('../../system/run-doctor.ts');
  const { findings, checked } = await runDoctor(configuration, { fix, deep });
  const { running } = await readInstallationState(folder);
  const fixed = findings.filter((finding) => finding.fixed).length;
  const left = findings.length - fixed;
  const ok = findings.every((finding) => finding.fixed || finding.severity === 'notice');
  terminal.result({ ok, running, left, fixed, checked, findings }, () => {
    const looked = messages.doctor.checked(checked.documents, checked.blobs, checked.chunks);
    if (findings.length === 0) return `${looked} ${messages.doctor.healthy}\n`;
    const remark = fixed > 0 && !running ? ` ${messages.doctor.whenRunning}` : '';
    return `${groups(context, findings).join('\n')}\n${looked} ${messages.doctor.summary(left, fixed)}${remark}\n`;
  });
  const isFixable = !fix && left > 0;
  if (isFixable && !terminal.isJson) terminal.note(`${messages.tryPrefix}${messages.hints.doctorFix}`);
  return ok ? EXIT.ok : EXIT.failed;
}

/** One block for each check, worst first: what is wrong, and what to do about it. */
function groups({ messages, terminal }: CliContext, findings: readonly Finding[]): string[] {
  const t = messages.doctor;
  const order = ['error', 'warning', 'notice'];
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const byCheck = Map.groupBy(sorted, (finding): CheckName => finding.check);
  return [...byCheck].map(([check, found]) => {
    const severity = t.severity[found[0]?.severity ?? 'notice'];
    const lines = found.map((finding) => {
      const state = finding.fixed ? terminal.green(t.fixed) : terminal.red(t.toDo);
      return `  [${state}] ${withoutControls(finding.subject)}\n    ${withoutControls(finding.message)}\n    ${withoutControls(finding.action)}`;
    });
    return `${terminal.bold(t.heading(t.checks[check], severity))}\n${lines.join('\n')}\n`;
  });
}
