/** Proves a snapshot by bringing it to life beside the service, asking it, and comparing what it says. */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { isAnswerable } from '../../evaluation/golden.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { type CareOutcome, SAYS_NOTHING } from '../../recovery/care/results.ts';
import type { SnapshotManifest, SnapshotRepository } from '../../recovery/ports.ts';
import { keyMissing } from '../../recovery/repository/errors.ts';
import { refuseNewer, restoreSnapshot } from '../../recovery/restore/restore-snapshot.ts';
import { findRepository, openForReading } from '../backup/repositories.ts';
import { type RestoreOutcome, restoreInstallation } from '../backup/restore-installation.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { hasLocalKey, readLocalKey } from '../local-key.ts';
import { type CheckOutcome, runDoctor } from '../run-doctor.ts';
import { openLedger } from '../shared-stores.ts';
import { ask, type Door, type Findings, search } from './ask-service.ts';
import { findBaseline } from './baseline.ts';
import {
  emptyEvidence,
  proofOf,
  type RehearsalEvidence,
  type RehearsalOutcome,
  summaryOf,
} from './evidence.ts';
import {
  documentsOf,
  findGoldenBase,
  fingerprintOf,
  type GoldenSet,
  isSettled,
  readGoldenSet,
} from './golden-questions.ts';
import { type Answers, judge } from './judge.ts';
import { Sandbox } from './sandbox.ts';

/** Ledger, documents and index of what a snapshot holds in plain, and what the restore needs meanwhile. */
const ROOM_FACTOR = 2.5;
const ROOM_BESIDE_BYTES = 256 * 1024 * 1024;
const SETTLE_PATIENCE_MS = 10 * 60_000;
const SETTLE_LOOK_MS = 250;
const HASH_CHARACTERS = 16;

export type RehearsalPhase = 'restoring' | 'starting' | 'checking' | 'asking' | 'removing';

export interface RehearseRequest {
  configuration: Configuration;
  /** As the settings call it, or a folder; null where there is one only. */
  repository: string | null;
  keyFile: string | null;
  /** Null for the newest. */
  snapshotId: string | null;
  /** `sample`, or the path of a file. */
  golden: string;
  withModels: boolean;
  /** Leaves the restored installation for somebody to look at. */
  keep: boolean;
  signal: AbortSignal;
  onProgress: (progress: { phase: RehearsalPhase; done: number; total: number }) => void;
}

/** Never throws for what is wrong with a snapshot or a repository: that is what it is there to find out. */
export async function rehearse(request: RehearseRequest): Promise<RehearsalOutcome> {
  const evidence = emptyEvidence(request);
  try {
    const verdict = await new Rehearsal(request, evidence).run();
    return { ...verdict, evidence };
  } catch (error) {
    request.signal.throwIfAborted();
    if (!(error instanceof BudaoError)) throw error;
    const { code, message } = error;
    return { verdict: SAYS_NOTHING.has(code) ? 'inconclusive' : 'fail', code, message, evidence };
  }
}

class Rehearsal {
  readonly #request: RehearseRequest;
  readonly #evidence: RehearsalEvidence;
  readonly #startedMs = performance.now();

  constructor(request: RehearseRequest, evidence: RehearsalEvidence) {
    this.#request = request;
    this.#evidence = evidence;
  }

  async run(): Promise<Omit<CareOutcome, 'evidence'>> {
    const { configuration, signal, golden, withModels, keep } = this.#request;
    const evidence = this.#evidence;
    const set = await readGoldenSet(golden);
    evidence.golden = { name: set.name, hash: set.hash, questions: set.questions.length };
    const settings = findRepository(configuration, this.#request.repository);
    evidence.repository = settings.name;
    if (this.#request.keyFile === null) throw keyMissing(settings.name);
    await using cleanup = new AsyncDisposableStack();
    const scratchFolder = await mkdtemp(join(tmpdir(), 'budao-rehearse-'));
    cleanup.defer(() => rm(scratchFolder, { recursive: true, force: true }));
    const { repository } = cleanup.use(
      await openForReading(settings, { keyFile: this.#request.keyFile, scratchFolder }),
    );
    const manifest = await this.#chooseSnapshot(repository);
    evidence.snapshotId = manifest.id;
    evidence.takenAt = manifest.createdAt;
    evidence.rpoMs = Math.max(0, ledgerTime() - manifest.createdAt);
    const sandbox = cleanup.use(await this.#makeSandbox(manifest));
    // Runs before the sandbox is removed, while people still watch.
    cleanup.defer(() => this.#request.onProgress({ phase: 'removing', done: 0, total: 1 }));
    this.#stage('openMs');
    signal.throwIfAborted();
    await this.#restore(repository, manifest, sandbox);
    this.#request.onProgress({ phase: 'starting', done: 0, total: 1 });
    const { patienceMinutes } = configuration.backup.rehearsal;
    const url = await sandbox.start(signal, patienceMinutes * 60_000);
    this.#stage('startMs');
    const verdict = await this.#examine(sandbox, url, set, withModels);
    if (keep) evidence.kept = await sandbox.keep();
    return verdict;
  }

  /** Unless one is named, the newest of this installation; of another one where this has none there. */
  async #chooseSnapshot(repository: SnapshotRepository): Promise<SnapshotManifest> {
    const { configuration, snapshotId } = this.#request;
    const { manifests } = await repository.list();
    const own = await ownId(configuration);
    const chosen =
      snapshotId === null
        ? (manifests.find(({ installationId }) => installationId === own) ?? manifests[0])
        : manifests.find(({ id }) => id === snapshotId);
    if (chosen === undefined)
      throw new BudaoError(
        'not_found',
        'snapshot_not_found',
        `${repository.name} has no snapshot${snapshotId === null ? '' : ` ${snapshotId}`}. Take one with budao backup create; budao backup list shows what is there.`,
      );
    refuseNewer(chosen);
    return chosen;
  }

  async #makeSandbox(manifest: SnapshotManifest): Promise<Sandbox> {
    const { configuration, withModels } = this.#request;
    const root = rehearsalFolder(configuration);
    const sandbox = await Sandbox.make(configuration, { root, withModels });
    const { bavail, bsize } = await statfs(sandbox.folder);
    const needed = manifest.plainBytes * ROOM_FACTOR + ROOM_BESIDE_BYTES;
    if (bavail * bsize >= needed) return sandbox;
    await sandbox[Symbol.asyncDispose]();
    throw new BudaoError(
      'conflict',
      'rehearsal_no_room',
      `${root} has room for ${gib(bavail * bsize)} GiB, and a rehearsal of this snapshot needs about ${gib(needed)} GiB. Make room, or name another folder in backup.rehearsal.folder.`,
    );
  }

  async #restore(
    repository: SnapshotRepository,
    manifest: SnapshotManifest,
    sandbox: Sandbox,
  ): Promise<void> {
    const { onProgress, signal } = this.#request;
    const outcome: RestoreOutcome | null = await restoreInstallation({
      configuration: sandbox.configuration,
      origin: manifest,
      bring: (target) =>
        restoreSnapshot({
          repository,
          manifest,
          target,
          onProgress({ bytes, bytesTotal }) {
            signal.throwIfAborted();
            onProgress({ phase: 'restoring', done: bytes, total: bytesTotal });
          },
        }),
      replace: false,
      now: ledgerTime,
    });
    this.#evidence.restored = {
      rows: outcome?.rows ?? 0,
      documents: manifest.counts.documents,
      leftOut: outcome?.leftOut.length ?? 0,
      bytes: manifest.plainBytes,
    };
    this.#stage('restoreMs');
  }

  async #examine(
    sandbox: Sandbox,
    url: string,
    set: GoldenSet,
    withModels: boolean,
  ): Promise<Omit<CareOutcome, 'evidence'>> {
    const evidence = this.#evidence;
    await using ledger = await openLedger(sandbox.configuration);
    const apiKey = await readLocalKey(dataFolderAt(sandbox.configuration.dataDir));
    const atOnce = await findGoldenBase(ledger.read, set);
    if (atOnce !== null) await this.#firstAnswer({ url, apiKey, baseId: atOnce.id }, set);
    await this.#settle(ledger.read);
    const base = await findGoldenBase(ledger.read, set);
    const fingerprint = base === null ? null : await fingerprintOf(ledger.read, base.id);
    const door: Door = { url, apiKey, baseId: base?.id ?? '' };
    if (base !== null && atOnce === null) await this.#firstAnswer(door, set);
    evidence.doctor = summaryOf(await this.#doctor(sandbox));
    const [firstError] = evidence.doctor.findings;
    if (base === null || fingerprint === null) {
      if (evidence.doctor.errors > 0) return judgeWithout(firstError ?? '', evidence.doctor.errors);
      return {
        verdict: 'inconclusive',
        code: 'rehearsal_no_questions',
        message: `It was restored and starts, but no knowledge base holds the documents that the golden set ${set.name} asks for. Name a golden set of your own with --golden or backup.rehearsal.golden.`,
      };
    }
    const restored = await this.#askAll(door, set);
    evidence.proof = proofOf(fingerprint, restored);
    const baseline = await findBaseline({
      configuration: this.#request.configuration,
      set,
      base,
      fingerprint,
      sandbox: ledger.read,
      askAll: (live) => this.#askAll(live, set),
      withModels,
    });
    evidence.baseline =
      baseline === null ? null : { kind: baseline.kind, isSameContent: baseline.isSameContent };
    const { embedder } = this.#request.configuration;
    const isEndpoint = embedder !== null && !('folder' in embedder);
    const judged = judge({
      questions: set.questions,
      restored,
      documents: await documentsOf(ledger.read, base.id),
      baseline,
      isWithoutVectors: isEndpoint && !withModels && (await hasVectors(ledger.read, base.id)),
      doctorErrors: evidence.doctor.errors > 0 ? evidence.doctor.findings : [],
    });
    const { retrieval, answers, ...verdict } = judged;
    evidence.retrieval = retrieval;
    evidence.answers = answers;
    return verdict;
  }

  /** What was being taken in goes on there as it would have here; what takes too long is not waited for. */
  async #settle(sql: Sql): Promise<void> {
    const { signal } = this.#request;
    const deadline = performance.now() + SETTLE_PATIENCE_MS;
    while (performance.now() < deadline && !(await isSettled(sql))) {
      signal.throwIfAborted();
      await sleep(SETTLE_LOOK_MS);
    }
  }

  /** With that the installation is back. */
  async #firstAnswer(door: Door, { questions }: GoldenSet): Promise<void> {
    const { signal, withModels } = this.#request;
    const first = questions.find(isAnswerable) ?? questions[0];
    if (first !== undefined) await ask(door, first, { signal, withModels });
    this.#stage('firstAnswerMs');
    this.#evidence.rtoMs = Math.round(performance.now() - this.#startedMs);
  }

  async #doctor({ configuration }: Sandbox): Promise<CheckOutcome[]> {
    this.#request.onProgress({ phase: 'checking', done: 0, total: 1 });
    const { outcomes } = await runDoctor(configuration, { fix: false, deep: false });
    return outcomes;
  }

  async #askAll(door: Door, { questions }: GoldenSet): Promise<Answers> {
    const { signal, withModels, onProgress } = this.#request;
    const scores = new Map<string, number | null>();
    const findings = new Map<string, Findings>();
    for (const [index, question] of questions.entries()) {
      onProgress({ phase: 'asking', done: index, total: questions.length });
      const found = await search(door, question, signal);
      findings.set(question.id, { ...found, hash: found.hash.slice(0, HASH_CHARACTERS) });
      scores.set(question.id, await ask(door, question, { signal, withModels }));
    }
    return { scores, findings };
  }

  #stage(name: keyof RehearsalEvidence['stages']): void {
    const { stages } = this.#evidence;
    const before = Object.values(stages).reduce((sum, ms) => sum + (ms ?? 0), 0);
    stages[name] = Math.round(performance.now() - this.#startedMs - before);
  }
}

export function rehearsalFolder({ backup, dataDir }: Pick<Configuration, 'backup' | 'dataDir'>): string {
  return backup.rehearsal.folder ?? join(dataDir, 'rehearsals');
}

async function hasVectors(sql: Sql, baseId: string): Promise<boolean> {
  const row = await sql.get<{ generation: string }>(
    'SELECT generation FROM knowledge_base WHERE id = :baseId',
    {
      baseId,
    },
  );
  return row !== undefined && (JSON.parse(row.generation) as { dimension: number | null }).dimension !== null;
}

async function ownId(configuration: Configuration): Promise<string | null> {
  if (!hasLocalKey(dataFolderAt(configuration.dataDir))) return null;
  await using ledger = await openLedger(configuration);
  return await installationId(ledger);
}

function judgeWithout(first: string, count: number): Omit<CareOutcome, 'evidence'> {
  return {
    verdict: 'fail',
    code: 'rehearsal_inconsistent',
    message: `What was restored does not fit together (${count} errors): ${first} Rehearse an older snapshot or another repository, run budao doctor here, and take a new snapshot.`,
  };
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
