/** What the health check asks, and the key that it asks with. */
import { readFile } from 'node:fs/promises';
import { hashCredential } from '../access/credential-hash.ts';
import { insertKey } from '../access/keys.ts';
import type { SecretStore } from '../access/secret-store.ts';
import { isAnswerable, parseGolden } from '../evaluation/golden.ts';
import type { GoldenProbe } from '../health/canary/canary.ts';
import type { HealthSettings } from '../health/settings.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';

const SECRET_NAME = 'canary-key';
const SAMPLE_GOLDEN = new URL('../../samples/hospital/golden.jsonl', import.meta.url);

interface SampleQuestion extends Pick<GoldenProbe, 'question' | 'facts'> {
  /** The file that holds the answer. */
  filename: string;
}

let sampleQuestion: Promise<SampleQuestion | null> | null = null;

/** The configured question; else one of the sample's, as long as the document that answers it can be found. */
export async function goldenProbe(
  ledger: Ledger,
  settings: HealthSettings['canary'],
): Promise<GoldenProbe | null> {
  if (settings.question !== null) {
    return { question: settings.question, facts: settings.facts, knowledgeBaseId: null };
  }
  sampleQuestion ??= readSampleQuestion();
  const sample = await sampleQuestion;
  if (sample === null) return null;
  const base = await ledger.read.get<{ id: string }>(
    `SELECT base.id AS id FROM knowledge_base base
     JOIN knowledge_base_document link ON link.knowledge_base_id = base.id
     JOIN document ON document.id = link.document_id
     WHERE base.deleted_at IS NULL AND link.status = 'completed' AND document.filename = :filename
       AND base.id = (SELECT value FROM setting WHERE name = 'sample.loaded')`,
    { filename: sample.filename },
  );
  if (base === undefined) return null;
  return { question: sample.question, facts: sample.facts, knowledgeBaseId: base.id };
}

async function readSampleQuestion(): Promise<SampleQuestion | null> {
  const text = await readFile(SAMPLE_GOLDEN, 'utf8').catch(() => null);
  if (text === null) return null;
  const golden = parseGolden(text).find((question) => isAnswerable(question) && question.style === 'lexical');
  const filename = golden?.sources[0]?.document;
  if (golden === undefined || filename === undefined) return null;
  return { question: golden.question, facts: golden.facts, filename };
}

export async function canarySecret(secrets: SecretStore): Promise<string> {
  return `bdk_canary_${Buffer.from(await secrets.read(SECRET_NAME)).toString('base64url')}`;
}

/** A reader's key of the first workspace, made when it is first needed. */
export async function canaryKey(ledger: Ledger, secrets: SecretStore): Promise<string> {
  const secret = await canarySecret(secrets);
  const known = await ledger.read.get('SELECT 1 AS one FROM api_key WHERE key_hash = :hash', {
    hash: hashCredential(secret),
  });
  if (known !== undefined) return secret;
  await ledger.transaction(async (tx) => {
    const workspace = await tx.get<{ id: string }>(
      'SELECT id FROM workspace ORDER BY created_at, id LIMIT 1',
    );
    if (workspace === undefined) return;
    await insertKey(scopeSql(tx, workspace.id), {
      secret,
      name: '健康自检 / Health check',
      role: 'reader',
      accountId: null,
      expiresAt: null,
      now: ledgerTime(),
    });
  });
  return secret;
}
