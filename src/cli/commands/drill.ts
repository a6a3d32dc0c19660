import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { DrillRequest } from '../../drills/conduct/conduct-drill.ts';
import type { ConcludedDrill } from '../../drills/report/conclude-drill.ts';
import type { Scenario } from '../../drills/scenario/parse-scenario.ts';
import { type ScenarioSet, SETS } from '../../drills/scenario/schema.ts';
import { VERSION } from '../../system/version.ts';
import { asCliError, CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';
import { loadSettings } from '../service/settings.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { oneLine } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';
import { addDrillReportCommands } from './drill-report.ts';

interface RunOptions {
  set?: ScenarioSet;
  out?: string;
  workDir?: string;
  target?: string;
  yes?: boolean;
  repo?: string;
  key?: string;
  snapshot?: string;
  golden?: string;
  commander?: string;
  approver?: string;
  seed?: string;
  config?: string;
}

export const addDrillCommand: AddCommand = (program, setup) => {
  const { messages, action } = setup;
  const t = messages.drill;
  const drill = program.command('drill').description(t.description);
  drill.addHelpText('after', messages.example('budao drill list', 'budao drill run worker-killed'));
  drill
    .command('list')
    .description(t.list)
    .option('--faults', t.faults)
    .addOption(new Option('--set <set>', t.setOption).choices(SETS))
    .addHelpText('after', messages.example('budao drill list --set release-gate'))
    .action(
      action((context, [options]) => list(context, options as { faults?: boolean; set?: ScenarioSet })),
    );
  drill
    .command('check')
    .description(t.check)
    .argument('<file>', t.file)
    .addHelpText('after', messages.example('budao drill check my-scenario.yaml'))
    .action(action((context, [file]) => check(context, file as string)));
  drill
    .command('run')
    .description(t.run)
    .argument('[scenario]', t.scenario)
    .addOption(new Option('--set <set>', t.runSet).choices(SETS))
    .option('--out <folder>', t.out)
    .option('--work-dir <folder>', t.workDir)
    .option('--target <file>', messages.drillReports.target)
    .option('--yes', messages.drillReports.yes)
    .option('--repo <repository>', t.repo)
    .option('--key <file>', t.key)
    .option('--snapshot <id>', t.snapshot)
    .option('--golden <file>', t.golden)
    .option('--commander <name>', t.commander)
    .option('--approver <name>', t.approver)
    .option('--seed <seed>', t.seed)
    .option('--config <file>', t.config)
    .addHelpText(
      'after',
      messages.example('budao drill run worker-killed', 'budao drill run --set release-gate --json'),
    )
    .action(
      action((context, [name, options]) => run(context, name as string | undefined, options as RunOptions)),
    );
  drill
    .command('abort')
    .description(t.abort)
    .option('--work-dir <folder>', t.workDir)
    .addHelpText('after', messages.example('budao drill abort'))
    .action(action((context, [options]) => abort(context, options as { workDir?: string })));
  addDrillReportCommands(drill, setup);
};

async function list(
  { messages, terminal }: CliContext,
  options: { faults?: boolean; set?: ScenarioSet },
): Promise<ExitCode> {
  const t = messages.drill;
  const language = messages.drill.language;
  if (options.faults === true) {
    const { FAULTS } = await import('../../drills/faults/registry.ts');
    const faults = [...FAULTS.values()].map(({ name, about, requires, needs }) => ({
      name,
      about,
      requires,
      needs,
    }));
    terminal.result({ data: faults }, () =>
      terminal.table(
        [{ title: t.columns.fault }, { title: t.columns.needs }, { title: t.columns.proves, mayCut: true }],
        faults.map(({ name, requires, needs, about }) => [
          name,
          [...requires, ...needs].join(' '),
          about[language],
        ]),
      ),
    );
    return EXIT.ok;
  }
  const { libraryScenarios } = await import('../../drills/scenario/library.ts');
  const { missingFor } = await import('../../drills/scenario/requirements-of.ts');
  const scenarios = libraryScenarios()
    .filter(({ sets }) => options.set === undefined || sets.includes(options.set))
    .map((scenario) => ({ scenario, lacks: missingFor(scenario) }));
  const told = scenarios.map(({ scenario: { name, title, proves, sets }, lacks }) => ({
    name,
    title,
    proves,
    sets,
    runs_here: lacks.length === 0,
    missing: lacks,
  }));
  terminal.result({ data: told }, () =>
    terminal.table(
      [
        { title: t.columns.name },
        { title: t.columns.sets },
        { title: t.columns.here, mayCut: true },
        { title: t.columns.proves, mayCut: true },
      ],
      told.map(({ name, sets, missing, proves }) => [
        name,
        sets.join(' '),
        missing.length === 0 ? t.yes : t.no(missing.map(({ reason }) => reason).join('; ')),
        proves[language],
      ]),
    ),
  );
  return EXIT.ok;
}

async function check({ messages, terminal }: CliContext, file: string): Promise<ExitCode> {
  const { findScenario } = await import('../../drills/scenario/library.ts');
  const { missingFor } = await import('../../drills/scenario/requirements-of.ts');
  const { name, sha256, timeline, ...scenario } = findScenario(file);
  const lacks = missingFor({ name, sha256, timeline, ...scenario });
  terminal.result({ name, plan_version: sha256, entries: timeline.length, missing: lacks }, () =>
    [messages.drill.right(name, timeline.length), ...lacks.map(({ reason }) => `${reason}\n`)].join(''),
  );
  return EXIT.ok;
}

async function run(context: CliContext, name: string | undefined, options: RunOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.drill;
  const scenarios = await chosen(name, options, messages);
  using interrupt = new Interrupt();
  const results: DrillResult[] = [];
  for (const scenario of scenarios) {
    if (interrupt.hasHappened) break;
    const result = await runOne(context, scenario, options, interrupt.signal).catch((error: unknown) => {
      if (scenarios.length === 1) throw error;
      const { code, message } = asCliError(error);
      terminal.note(t.ended(scenario.title[messages.drill.language], t.broken(message)));
      return { scenario: scenario.name, verdict: 'inconclusive' as const, error: { code, message } };
    });
    results.push(result);
  }
  if (scenarios.length > 1) {
    terminal.result({ data: results }, () =>
      terminal.table(
        [{ title: t.summary }, { title: t.verdict }],
        results.map(({ scenario, verdict }) => [scenario, t.verdicts[verdict]]),
      ),
    );
  }
  if (interrupt.hasHappened) return EXIT.interrupted;
  return results.every(({ verdict }) => verdict === 'pass') ? EXIT.ok : EXIT.failed;
}

interface DrillResult {
  scenario: string;
  verdict: ConcludedDrill['report']['verdict'];
  gates?: ConcludedDrill['report']['gates'];
  results?: ConcludedDrill['report']['results'];
  folder?: string;
  error?: { code: string; message: string };
}

async function runOne(
  context: CliContext,
  scenario: Scenario,
  options: RunOptions,
  signal: AbortSignal,
): Promise<DrillResult> {
  const { messages, terminal } = context;
  const t = messages.drill;
  const language = messages.drill.language;
  terminal.note(t.begins(scenario.title[language]));
  const { report, folder, pageFile } = await conduct(context, options, {
    scenario,
    workDir: workDirOf(options),
    archive: archiveOf(context, options),
    people: { commander: options.commander ?? null, approver: options.approver ?? null },
    seed: options.seed ?? String(Date.now() % 1_000_000),
    language,
    programVersion: VERSION,
    signal,
    onProgress(progress) {
      if (progress.type === 'phase') terminal.note(`  ${t.phases[progress.phase]}`);
      else {
        const step = t.steps[progress.step as keyof typeof t.steps];
        terminal.note(`    ${progress.fault}: ${oneLine(progress.victim)}: ${step}`);
      }
    },
  });
  const { verdict, gates, results } = report;
  const told = { scenario: scenario.name, verdict, gates, results, folder };
  const inWords = (): string => {
    const rows = gates.map((gate) => [
      gate.gate,
      figure(gate.target, gate.unit),
      figure(gate.measured, gate.unit),
      String(gate.n),
      t.verdicts[gate.verdict],
    ]);
    const right = 'right' as const;
    const columns = [
      { title: t.gate },
      { title: t.target, align: right },
      { title: t.measured, align: right },
      { title: t.trials, align: right },
      { title: t.verdict },
    ];
    const end = t.ended(scenario.title[language], t.verdicts[verdict]);
    return `${terminal.table(columns, rows)}${end}\n${t.report(pageFile)}\n`;
  };
  // Of several, one result tells of all.
  if (options.set === undefined) terminal.result(told, inWords);
  else terminal.note(inWords());
  return told;
}

type Conduct = Omit<DrillRequest, 'source' | 'goldenFile'>;

/** In a laboratory; or of a system that is there already, after somebody has said so. */
async function conduct(
  { messages }: CliContext,
  options: RunOptions,
  request: Conduct,
): Promise<ConcludedDrill> {
  if (options.target === undefined) {
    const { conductDrill } = await import('../../drills/conduct/conduct-drill.ts');
    return conductDrill({
      ...request,
      source: sourceOf(options, messages),
      goldenFile: options.golden ?? null,
    });
  }
  const { readTargetFile } = await import('../../drills/scenario/target-file.ts');
  const target = readTargetFile(resolve(options.target));
  if (options.yes !== true) {
    const { name, permission } = target;
    throw new CliError(
      EXIT.usage,
      'drill_not_agreed',
      messages.drillReports.notAgreed(name, permission.blastRadius, permission.by),
    );
  }
  const { conductExternalDrill } = await import('../../drills/external/conduct-external.ts');
  return conductExternalDrill({ ...request, target });
}

async function abort({ messages, terminal }: CliContext, options: { workDir?: string }): Promise<ExitCode> {
  const t = messages.drill;
  const { abortDrills } = await import('../../drills/conduct/abort-drills.ts');
  const { brokenOff, left } = await abortDrills(workDirOf(options));
  terminal.result({ broken_off: brokenOff, left }, () => {
    const lines = [
      ...(brokenOff === null ? [] : [t.brokenOff(brokenOff)]),
      ...left.map(
        ({ what, act, problem }) =>
          `${oneLine(what)}: ${oneLine(act)}: ${problem === null ? t.cleared : t.stillThere(problem)}`,
      ),
      ...(brokenOff === null && left.length === 0 ? [t.nothingLeft] : []),
    ];
    return `${lines.join('\n')}\n`;
  });
  return left.every(({ problem }) => problem === null) ? EXIT.ok : EXIT.failed;
}

async function chosen(
  name: string | undefined,
  { set }: RunOptions,
  { drill: t }: Messages,
): Promise<Scenario[]> {
  const { findScenario, scenariosOf } = await import('../../drills/scenario/library.ts');
  if (name !== undefined) return [findScenario(name)];
  if (set !== undefined) return scenariosOf(set);
  throw new CliError(EXIT.usage, 'scenario_missing', t.nothingChosen, { hint: 'budao drill list' });
}

function sourceOf({ repo, key, snapshot }: RunOptions, { drill: t }: Messages) {
  if (repo === undefined) return null;
  if (key === undefined) throw new CliError(EXIT.usage, 'recovery_key_missing', t.keyMissing);
  return { repository: resolve(repo), keyFile: resolve(key), snapshotId: snapshot ?? null };
}

function archiveOf(context: CliContext, { out, config }: RunOptions): string {
  return out === undefined ? join(loadSettings(context, config).dataDir, 'drills') : resolve(out);
}

function workDirOf({ workDir }: { workDir?: string }): string {
  return workDir === undefined ? join(tmpdir(), `budao-drills-${process.getuid?.() ?? 0}`) : resolve(workDir);
}

function figure(value: number | null, unit: string): string {
  if (value === null) return '';
  if (unit === 'ms') return `${Math.round(value)} ms`;
  return unit === 'share' ? value.toFixed(3) : String(value);
}
