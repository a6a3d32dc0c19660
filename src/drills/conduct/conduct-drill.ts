/** One drill from its first phase to its report: a laboratory is built, measured, broken, mended, verified and removed. */
import { existsSync } from 'node:fs';
import { arch, platform, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { makeFolderDurably } from '../../stores/files/durable-file.ts';
import { Laboratory, type LaboratorySource } from '../laboratory/laboratory.ts';
import { DrillLog } from '../log/drill-log.ts';
import type { PHASES } from '../log/record.ts';
import type { RunningProbes } from '../probes/running-probes.ts';
import { startProbes } from '../probes/start-probes.ts';
import { folderOf, LOG_FILE } from '../report/archive.ts';
import { type ConcludedDrill, concludeDrill } from '../report/conclude-drill.ts';
import { factsOf, type People } from '../scenario/facts-of.ts';
import { libraryScenarios } from '../scenario/library.ts';
import type { Scenario } from '../scenario/parse-scenario.ts';
import { missingFor, needsOf } from '../scenario/requirements-of.ts';
import { clearAway, JOURNAL_FILE } from '../undo/clear-away.ts';
import { UndoJournal } from '../undo/journal.ts';
import { Watchdog } from '../undo/watchdog.ts';
import { DrillLock } from './drill-lock.ts';
import { evaluateTarget, readGoldenSet } from './evaluate-target.ts';
import { type DrillPlace, drillFoldersIn, makeDrillPlace } from './place.ts';
import { runTimeline, type TimelineState } from './run-timeline.ts';
import { StopConditions } from './stop-conditions.ts';

const STEADY_DEADLINE_MS = 60_000;
const READ_BACK_MS = 60_000;
/** Beyond the window in which everything has to be well: what was planned in it is answered by then. */
const AFTER_MS = 3_000;

export interface DrillRequest {
  scenario: Scenario;
  /** Where laboratories are built. */
  workDir: string;
  /** Where logs and reports are kept. */
  archive: string;
  /** A snapshot of the installation that is copied; null takes the sample. */
  source: LaboratorySource | null;
  /** A golden set of the operator's own; null for that of the sample. */
  goldenFile: string | null;
  people: People;
  seed: string;
  language: 'zh' | 'en';
  programVersion: string;
  signal: AbortSignal;
  onProgress(progress: DrillProgress): void;
}

export type DrillProgress =
  | { type: 'phase'; phase: (typeof PHASES)[number] }
  | { type: 'fault'; step: string; fault: string; victim: string };

/**
 * @throws BudaoError drill_requirements_missing, drill_in_progress, drill_target_refused, drill_no_room,
 *   drill_left_behind, drill_no_steady_state
 */
export async function conductDrill(request: DrillRequest): Promise<ConcludedDrill> {
  refuseMissing(request.scenario);
  const place = makeDrillPlace(request.workDir);
  const path = await runIn(place, request);
  const { archive, language, programVersion } = request;
  const concluded = await concludeDrill(path, { archive, signer: null, language, programVersion });
  if (existsSync(place.folder)) throw leftBehind(`${place.folder} is still there`, concluded.pageFile);
  return concluded;
}

/** @returns the log, once nothing of the drill is there any more */
async function runIn(place: DrillPlace, request: DrillRequest): Promise<string> {
  using _lock = await acquireLock(request.workDir, place);
  await clearOthers(request.workDir, place.folder);
  // From here on whatever is left behind is somebody's duty.
  await using _watchdog = await Watchdog.start(place.folder);
  const folder = folderOf(request.archive, place.drillId);
  await makeFolderDurably(folder);
  const path = join(folder, LOG_FILE);
  {
    const { drillId } = place;
    const targetName = request.source === null ? 'laboratory with the sample' : 'laboratory from a snapshot';
    await using log = new DrillLog(path, factsOf(request.scenario, { ...request, drillId, targetName }));
    await new Drill(request, place, log, folder).run();
  }
  return path;
}

/** @throws BudaoError drill_in_progress */
export async function acquireLock(workDir: string, place: DrillPlace): Promise<DrillLock> {
  try {
    return DrillLock.acquire(workDir, place.drillId);
  } catch (error) {
    await clearAway(place.folder);
    throw error;
  }
}

class Drill {
  readonly #request: DrillRequest;
  readonly #place: DrillPlace;
  readonly #log: DrillLog;
  readonly #folder: string;

  constructor(request: DrillRequest, place: DrillPlace, log: DrillLog, folder: string) {
    this.#request = request;
    this.#place = place;
    this.#log = log;
    this.#folder = folder;
  }

  async run(): Promise<void> {
    const { scenario, source } = this.#request;
    using journal = new UndoJournal(join(this.#place.folder, JOURNAL_FILE));
    await using laboratory = await this.#phase('prepare', () =>
      Laboratory.build({
        mark: this.#place.drillId,
        folder: this.#place.laboratory,
        journal,
        plan: scenario.laboratory,
        needs: needsOf(scenario),
        source,
        signal: this.#request.signal,
      }),
    );
    this.#tellSystem('before', laboratory);
    await this.#evaluate(laboratory, ['before', 'control']);
    await using probes = await startProbes(laboratory.target, this.#log);
    const state: TimelineState = { inForce: 0, problems: [] };
    const { signal } = this.#request;
    const watched = { log: this.#log, state, folder: this.#place.folder, signal };
    using stop = new StopConditions(scenario, watched);
    await this.#steady(laboratory, probes, stop);
    await this.#phase('fault', () =>
      runTimeline(
        scenario,
        {
          laboratory,
          log: this.#log,
          journal,
          signal: stop.signal,
          onStep: (step, fault, victim) => this.#request.onProgress({ type: 'fault', step, fault, victim }),
        },
        state,
      ),
    );
    await this.#phase('recover', () => this.#recover(probes));
    await this.#phase('verify', async () => {
      // At once: until this has passed, the service counts as back, and not as verified.
      if (stop.reason === null) await this.#evaluate(laboratory, ['after']);
      await this.#untilCalm(laboratory, probes);
      this.#tellSystem('after', laboratory);
      await probes.stop();
      await probes.readBack({ withinMs: READ_BACK_MS });
    });
  }

  /** @throws BudaoError drill_no_steady_state */
  async #steady(laboratory: Laboratory, probes: RunningProbes, stop: StopConditions): Promise<void> {
    const { steady, window } = this.#request.scenario;
    const isSteady = await probes.untilSteady({ forMs: window, withinMs: STEADY_DEADLINE_MS });
    if (!isSteady) {
      this.#log.add({ type: 'stopped', reason: 'the target was sick before any fault' });
      throw new BudaoError(
        'conflict',
        'drill_no_steady_state',
        'The target is sick already: its probes did not all succeed in time, although nothing was broken. A drill would ' +
          `measure that instead of the fault. Look at the log in ${this.#folder}, mend the target, and drill again.\n` +
          laboratory.output.slice(-2_000),
      );
    }
    await this.#phase('steady', () =>
      sleep(steady, undefined, { signal: stop.signal }).catch(() => undefined),
    );
  }

  async #recover(probes: RunningProbes): Promise<void> {
    const { patience, window } = this.#request.scenario;
    if (await probes.untilSteady({ forMs: window, withinMs: patience }))
      this.#log.add({ type: 'milestone', milestone: 'executed', actor: 'drill' });
  }

  /** Probes go on until a whole window is behind them: one that was still on its way may yet tell otherwise. */
  async #untilCalm(laboratory: Laboratory, probes: RunningProbes): Promise<void> {
    const { patience, window } = this.#request.scenario;
    const until = performance.now() + patience;
    let isCalm = false;
    while (!isCalm && performance.now() < until) {
      await sleep(window + AFTER_MS);
      isCalm = await probes.untilSteady({ forMs: window, withinMs: 0 });
    }
    if (isCalm && (await laboratory.isWell())) return;
    this.#log.add({ type: 'note', text: `not well again: ${laboratory.output}` });
  }

  async #evaluate(laboratory: Laboratory, roles: ('before' | 'control' | 'after')[]): Promise<void> {
    const { scenario, goldenFile, signal } = this.#request;
    if (!scenario.evaluate) return;
    const questions = await readGoldenSet(goldenFile);
    for (const role of roles)
      await evaluateTarget(role, questions, laboratory, { log: this.#log, folder: this.#folder, signal });
  }

  #tellSystem(when: 'before' | 'after', laboratory: Laboratory): void {
    const machine = { machine: `${platform()} ${release()} ${arch()}`, node: process.version };
    const values = { program: this.#request.programVersion, ...machine, ...laboratory.describe() };
    this.#log.add({ type: 'system', when, values });
  }

  async #phase<Result>(phase: (typeof PHASES)[number], work: () => Promise<Result>): Promise<Result> {
    this.#request.onProgress({ type: 'phase', phase });
    this.#log.add({ type: 'phase', phase, edge: 'begin' });
    try {
      return await work();
    } finally {
      this.#log.add({ type: 'phase', phase, edge: 'end' });
    }
  }
}

/** @throws BudaoError drill_requirements_missing */
function refuseMissing(scenario: Scenario): void {
  const lacks = missingFor(scenario);
  if (lacks.length === 0) return;
  const runnable = libraryScenarios()
    .filter((other) => missingFor(other).length === 0)
    .map(({ name }) => name)
    .join(', ');
  throw new BudaoError(
    'conflict',
    'drill_requirements_missing',
    `The scenario ${scenario.name} cannot run on this machine: ${lacks.map(({ reason }) => reason).join('; ')}. ` +
      `Of the library these can: ${runnable === '' ? 'none' : runnable}.`,
  );
}

/** Of drills that died with their watchdogs, as in a power cut. @throws BudaoError drill_left_behind */
/** @throws BudaoError drill_left_behind */
export async function clearOthers(workDir: string, own: string): Promise<void> {
  for (const folder of drillFoldersIn(workDir)) {
    if (folder === own) continue;
    const problems = (await clearAway(folder)).filter(({ problem }) => problem !== null);
    if (problems.length === 0) continue;
    const what = problems.map(({ act, problem }) => `${act}: ${problem}`).join('; ');
    throw leftBehind(`an earlier drill could not undo everything: ${what}`, folder);
  }
}

function leftBehind(what: string, where: string): BudaoError {
  return new BudaoError(
    'conflict',
    'drill_left_behind',
    `Something was left behind: ${what} (see ${where}). \`budao drill abort\` tries to clear it away again and says what is in the way.`,
  );
}
