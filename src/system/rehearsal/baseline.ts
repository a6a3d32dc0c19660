/** What a restored installation is compared with: the one that goes on beside it, or what an earlier rehearsal proved. */
import type { Sql } from '../../ledger/ledger.ts';
import { listResults } from '../../recovery/care/results.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { readEndpoint } from '../endpoint-file.ts';
import { hasLocalKey, readLocalKey } from '../local-key.ts';
import { openLedger } from '../shared-stores.ts';
import type { Door, Findings } from './ask-service.ts';
import type { RehearsalEvidence } from './evidence.ts';
import { fingerprintOf, type GoldenBase, type GoldenSet } from './golden-questions.ts';
import type { Answers, Seen } from './judge.ts';

const EARLIER_LOOKED_AT = 20;

export async function findBaseline(options: {
  configuration: Configuration;
  set: GoldenSet;
  base: GoldenBase;
  /** Of what was restored. */
  fingerprint: string;
  /** The restored ledger, which also holds what earlier rehearsals proved. */
  sandbox: Sql;
  askAll: (live: Door) => Promise<Answers>;
  withModels: boolean;
}): Promise<Seen['baseline']> {
  const { configuration, base, fingerprint, sandbox, askAll } = options;
  const wanted = { set: options.set, withModels: options.withModels, fingerprint };
  const folder = dataFolderAt(configuration.dataDir);
  if (!hasLocalKey(folder)) return earlier(sandbox, wanted);
  await using ledger = await openLedger(configuration);
  const url = configuration.health.canary.url ?? (await readEndpoint(folder));
  const before = await fingerprintOf(ledger.read, base.id);
  if (url === null || before === null)
    return (await earlier(ledger.read, wanted)) ?? (await earlier(sandbox, wanted));
  const answers = await askAll({ url, apiKey: await readLocalKey(folder), baseId: base.id });
  const isSameContent = before === fingerprint && (await fingerprintOf(ledger.read, base.id)) === before;
  const live = { kind: 'live' as const, isSameContent, ...answers };
  // Documents have come and gone since the snapshot: what was proven of the same ones says more.
  return isSameContent ? live : ((await earlier(ledger.read, wanted)) ?? live);
}

async function earlier(
  sql: Sql,
  { set, withModels, fingerprint }: { set: GoldenSet; withModels: boolean; fingerprint: string },
): Promise<Seen['baseline']> {
  const results = await listResults(sql, {
    task: 'rehearse',
    repository: null,
    limit: EARLIER_LOOKED_AT,
    before: null,
  });
  for (const { verdict, evidence } of results) {
    const { proof, golden, ...rest } = (evidence ?? {}) as Partial<RehearsalEvidence>;
    if (verdict !== 'pass' || proof == null || golden?.hash !== set.hash) continue;
    if (proof.fingerprint !== fingerprint || rest.withModels !== withModels) continue;
    const findings = set.questions.map(
      // Which documents were found is not kept: with the same hash they are the same.
      ({ id }): [string, Findings] => [id, { id, hash: proof.hashes[id] ?? '', documents: [] }],
    );
    const scores = set.questions.map(({ id }) => [id, proof.scores[id] ?? null] as const);
    return { kind: 'earlier', isSameContent: true, findings: new Map(findings), scores: new Map(scores) };
  }
  return null;
}
