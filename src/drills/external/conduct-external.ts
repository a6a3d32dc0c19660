/**
 * A drill of a system that is there already, broken and mended by its operator's own commands. Nothing is built and
 * nothing is copied: what the commands do is done to whatever they are about.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { makeFolderDurably } from '../../stores/files/durable-file.ts';
import { run } from '../commands.ts';
import { acquireLock, clearOthers, type DrillProgress } from '../conduct/conduct-drill.ts';
import { makeDrillPlace } from '../conduct/place.ts';
import { runTimeline, type TimelineState } from '../conduct/run-timeline.ts';
import { StopConditions } from '../conduct/stop-conditions.ts';
import { DrillLog } from '../log/drill-log.ts';
import type { PHASES } from '../log/record.ts';
import { startProbes } from '../probes/start-probes.ts';
import { folderOf, LOG_FILE } from '../report/archive.ts';
import { type ConcludedDrill, concludeDrill } from '../report/conclude-drill.ts';
import { factsOf, type People } from '../scenario/facts-of.ts';
import type { Scenario } from '../scenario/parse-scenario.ts';
import type { ExternalTarget } from '../scenario/target-file.ts';
import { refuseUnsupported } from '../targets/open-target.ts';
import { JOURNAL_FILE } from '../undo/clear-away.ts';
import { UndoJournal } from '../undo/journal.ts';
import { Watchdog } from '../undo/watchdog.ts';

const STEADY_DEADLINE_MS = 120_000;
const READ_BACK_MS = 120_000;
const CHECK_DEADLINE_MS = 300_000;

export interface ExternalRequest {
  scenario: Scenario;
  target: ExternalTarget;
  workDir: string;
  archive: string;
  people: People;
  seed: string;
  language: 'zh' | 'en';
  programVersion: string;
  signal: AbortSignal;
  onProgress(progress: DrillProgress): void;
}

/** @throws BudaoError drill_target_refused, drill_in_progress, drill_left_behind, drill_workload_unsupported, drill_no_steady_state */
export async function conductExternalDrill(request: ExternalRequest): Promise<ConcludedDrill> {
  const { scenario, target, archive, language, programVersion } = request;
  refuseOwnFaults(scenario);
  refuseUnsupported(target.settings, scenario.workload);
  const place = makeDrillPlace(request.workDir);
  using _lock = await acquireLock(request.workDir, place);
  await clearOthers(request.workDir, place.folder);
  await using _watchdog = await Watchdog.start(place.folder);
  const folder = folderOf(archive, place.drillId);
  await makeFolderDurably(folder);
  const path = join(folder, LOG_FILE);
  const told = factsOf(scenario, { ...request, drillId: place.drillId, targetName: target.name });
  {
    await using log = new DrillLog(path, {
      ...told,
      workload: { ...told.workload, expectedAnswer: null },
      mode: 'external',
      target: { kind: target.settings.kind, name: target.name },
      scope: `${target.permission.blastRadius} (allowed by ${target.permission.by})`,
      exclusions: [],
    });
    await drill(request, place.folder, log);
  }
  return concludeDrill(path, { archive, signer: null, language, programVersion });
}

async function drill(request: ExternalRequest, folder: string, log: DrillLog): Promise<void> {
  const { scenario, target, signal } = request;
  const phase = phasesOf(request, log);
  using journal = new UndoJournal(join(folder, JOURNAL_FILE));
  log.add({ type: 'system', when: 'before', values: target.system });
  await using probes = await phase('prepare', () => startProbes(target.settings, log));
  const state: TimelineState = { inForce: 0, problems: [] };
  using stop = new StopConditions(scenario, { log, state, folder, signal });
  if (!(await probes.untilSteady({ forMs: scenario.window, withinMs: STEADY_DEADLINE_MS })))
    throw refuseSick(log);
  await phase('steady', () =>
    sleep(scenario.steady, undefined, { signal: stop.signal }).catch(() => undefined),
  );
  await phase('fault', () =>
    runTimeline(
      scenario,
      {
        laboratory: null,
        log,
        journal,
        signal: stop.signal,
        onStep: (step, fault, victim) => request.onProgress({ type: 'fault', step, fault, victim }),
      },
      state,
    ),
  );
  await phase('recover', async () => {
    const isBack = await probes.untilSteady({ forMs: scenario.window, withinMs: scenario.patience });
    if (!isBack) log.add({ type: 'note', text: 'not well again within the time that the scenario allows' });
  });
  await phase('verify', async () => {
    for (const check of target.checks) await verify(check, log);
    await probes.stop();
    await probes.readBack({ withinMs: READ_BACK_MS });
  });
}

async function verify({ name, command }: ExternalTarget['checks'][number], log: DrillLog): Promise<void> {
  const problem = await run('sh', ['-c', command], { timeoutMs: CHECK_DEADLINE_MS }).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'it failed'),
  );
  log.add({
    type: 'check',
    check: name,
    ok: problem === null,
    ...(problem === null ? {} : { detail: problem }),
  });
}

function phasesOf({ onProgress }: ExternalRequest, log: DrillLog) {
  return async <Result>(phase: (typeof PHASES)[number], work: () => Promise<Result>): Promise<Result> => {
    onProgress({ type: 'phase', phase });
    log.add({ type: 'phase', phase, edge: 'begin' });
    try {
      return await work();
    } finally {
      log.add({ type: 'phase', phase, edge: 'end' });
    }
  };
}

/** Faults of the library know a laboratory's processes; of another system only its operator knows anything. */
function refuseOwnFaults({ timeline }: Scenario): void {
  const others = timeline.filter(({ kind }) => kind.needsLaboratory !== false).map(({ kind }) => kind.name);
  if (others.length === 0) return;
  throw new BudaoError(
    'invalid',
    'drill_target_refused',
    `Another system can only be broken by commands of your own: the fault \`command\`. The scenario has ${[...new Set(others)].join(', ')}.`,
  );
}

function refuseSick(log: DrillLog): BudaoError {
  log.add({ type: 'stopped', reason: 'the target was sick before any fault' });
  return new BudaoError(
    'conflict',
    'drill_no_steady_state',
    `The target is sick already: its probes did not all succeed in time, although nothing was broken. The log is ${log.path}. Mend the target, or lower what the workload asks of it, and drill again.`,
  );
}
