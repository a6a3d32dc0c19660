/** Golden sets that are asked by themselves, and what came of it, as the supervisor on duty sees it. */
import { PROMPT_VERSION } from '../answers/prompt/prompt-version.ts';
import { AutomaticEvaluations } from '../evaluation/automatic.ts';
import type { Meter } from '../health/signals/meter.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunClient } from '../runs/run-client.ts';
import { dataFolderAt } from './data-folder.ts';
import { readEndpoint } from './endpoint-file.ts';
import type { SupervisorHealth } from './health.ts';
import { installationId } from './installation-id.ts';
import { settingsHash } from './shared-stores.ts';
import { VERSION } from './version.ts';

const READY_TIMEOUT_MS = 5_000;

export function evaluateByItself(
  { configuration, ledger, warnings }: SupervisorHealth,
  runs: RunClient,
  isOnDuty: () => boolean,
): AutomaticEvaluations {
  const { everyHours, judge } = configuration.health.evaluation;
  const folder = dataFolderAt(configuration.dataDir);
  const settings = `${PROMPT_VERSION} ${settingsHash(configuration)}`;
  return new AutomaticEvaluations({
    ledger,
    isOnDuty,
    isReady: async () => isReady(configuration.health.canary.url ?? (await readEndpoint(folder))),
    state: async () => ({ installation: await installationId(ledger), program: VERSION, settings }),
    everyHours,
    judge,
    announce: (run) => runs.announce(run),
    onError: (error) => warnings.warn(error, {}, 'golden sets were not looked after'),
  });
}

async function isReady(url: string | null): Promise<boolean> {
  if (url === null) return false;
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  const reply = await fetch(`${url.replace(/\/+$/, '')}/readyz`, { signal }).catch(() => null);
  return reply?.ok === true;
}

/** Of sets with a baseline: what nobody holds against anything has no bad news. */
export async function measureEvaluations(ledger: Ledger, meter: Meter): Promise<void> {
  const sets = await ledger.read.all<{ name: string; last_verdict: string | null }>(
    'SELECT name, last_verdict FROM golden_set WHERE baseline_id IS NOT NULL',
  );
  meter.clear('evaluation_failed');
  for (const { name, last_verdict: verdict } of sets) {
    meter.gauge('evaluation_failed', verdict === 'fail' ? 1 : 0, name);
  }
}
