/** Everything that doctor looks at, in an order in which each check may rest on those before it. */
import { existsSync } from 'node:fs';
import type { Finding } from '../../knowledge/doctor/finding.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import { readSqliteVersion } from '../../stores/ledger/sqlite-version.ts';
import { isCluster } from '../configuration.ts';
import { openLedger } from '../shared-stores.ts';
import { type CheckedName, type CheckOutcome, found, type Place, reasonOf, unknown } from './check.ts';
import { checkBackups } from './check-backups.ts';
import { checkCertificates } from './check-certificates.ts';
import { checkClock } from './check-clock.ts';
import { checkDataFolder } from './check-data-folder.ts';
import { checkFileSystems, checkSpace } from './check-disk.ts';
import { checkLedger, unopened } from './check-ledger.ts';
import { checkModels } from './check-models.ts';
import { checkPermissions } from './check-permissions.ts';
import { checkPort } from './check-port.ts';
import { checkReferences } from './check-references.ts';
import { checkRuns } from './check-runs.ts';
import { checkSharedPlaces } from './check-shared-folder.ts';
import { checkVersions } from './check-versions.ts';
import { examineStores, type Knowledge, unexamined } from './examine-stores.ts';

export interface Checkup extends Knowledge {
  outcomes: CheckOutcome[];
}

/** Goes on after whatever fails: one look tells everything. */
export async function checkUp(place: Place): Promise<Checkup> {
  await using cleanup = new AsyncDisposableStack();
  const machine = [
    ...(await attempt('file-system', () => checkFileSystems(place))),
    ...(await attempt('space', () => checkSpace(place))),
    ...(await attempt('permissions', () => checkPermissions(place))),
    ...(await attempt('data-folder', () => checkDataFolder(place))),
    ...(await attempt('port', () => checkPort(place))),
  ];
  const opened = await tryLedger(place);
  if (opened.ledger !== null) cleanup.use(opened.ledger);
  const { ledger } = opened;
  const asked = [
    ...(await attempt('clock', () => checkClock(place, ledger))),
    ...(await attempt('versions', () => checkVersions(place, ledger))),
    ...(isCluster(place.configuration)
      ? await attempt('shared-folder', () => checkSharedPlaces(place, ledger))
      : []),
  ];
  const kept = ledger === null ? opened.outcomes : await lookInto({ ...place, ledger });
  const findings: Finding[] = kept
    .filter(({ check, result, subject }) => check === 'ledger' && result === 'failed' && subject === '')
    .map(({ evidence, repair }) => ({
      check: 'ledger-integrity',
      severity: 'error',
      subject: 'ledger',
      message: `The ledger is damaged: ${evidence.en}`,
      action: repair?.en ?? '',
      fixed: false,
    }));
  const knowledge =
    ledger === null
      ? unexamined(new Error(opened.outcomes[0]?.evidence.en ?? ''))
      : await examineStores(place).catch(unexamined);
  const outside = [
    ...(await attempt('models', () => checkModels(place, ledger))),
    ...(await attempt('certificates', () => checkCertificates(place))),
    ...(await attempt('backups', () => checkBackups(place))),
  ];
  return {
    outcomes: [...machine, ...asked, ...kept, ...knowledge.outcomes, ...outside],
    findings: [...findings, ...knowledge.findings],
    checked: knowledge.checked,
  };
}

async function lookInto(place: Place & { ledger: Ledger }): Promise<CheckOutcome[]> {
  return [
    ...(await attempt('ledger', async () => (await checkLedger(place)).outcomes)),
    ...(await attempt('references', () => checkReferences(place))),
    ...(await attempt('runs', () => checkRuns(place))),
  ];
}

/** A check that cannot be finished says so, and keeps no other from running. */
async function attempt(name: CheckedName, check: () => Promise<CheckOutcome[]>): Promise<CheckOutcome[]> {
  try {
    return await check();
  } catch (error) {
    const why = reasonOf(error);
    return [unknown(name, { en: `The check broke off: ${why}`, zh: `检查中断：${why}` })];
  }
}

/** Never makes a ledger and never brings one forward: that is for the service to do. */
async function tryLedger({
  configuration,
  folder,
}: Place): Promise<{ ledger: Ledger | null; outcomes: CheckOutcome[] }> {
  try {
    if (!isCluster(configuration)) {
      if (!existsSync(folder.ledger)) return without(unopened(`The ledger ${folder.ledger} is gone.`));
      const version = readSqliteVersion(folder.ledger);
      if (version !== SCHEMA_VERSION) return without(otherSchema(version));
    }
    return { ledger: await openLedger(configuration), outcomes: [] };
  } catch (error) {
    return without(unopened(reasonOf(error)));
  }
}

function without(outcome: CheckOutcome): { ledger: null; outcomes: CheckOutcome[] } {
  return { ledger: null, outcomes: [outcome] };
}

function otherSchema(version: number): CheckOutcome {
  const isOlder = version < SCHEMA_VERSION;
  return found(isOlder ? 'warning' : 'failed', 'versions', {
    subject: 'schema',
    evidence: {
      en: `The ledger has schema version ${version}; this program has ${SCHEMA_VERSION}.`,
      zh: `账本的结构版本为 ${version}；本程序为 ${SCHEMA_VERSION}。`,
    },
    repair: isOlder
      ? {
          en: 'The next start brings it forward; take a snapshot before.',
          zh: '下次启动时会升级；请先生成快照。',
        }
      : { en: 'Start the newer program again.', zh: '请改回使用较新的程序。' },
  });
}
