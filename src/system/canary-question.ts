/** What the health check asks, and the key that it asks with. */
import { readFile } from 'node:fs/promises';
import { hashCredential } from '../access/credential-hash.ts';
import { insertKey } from '../access/keys.ts';
import type { SecretStore } from '../access/secret-store.ts';
import { type GoldenQuestion, isAnswerable, parseGolden } from '../evaluation/golden.ts';
import { canaryQuestions } from '../evaluation/sets/canary-questions.ts';
import type { GoldenProbe } from '../health/canary/canary.ts';
import type { HealthSettings } from '../health/settings.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';

const FIRST_WORKSPACE = 'SELECT id FROM workspace ORDER BY created_at, id LIMIT 1';
const SECRET_NAME = 'canary-key';
const SAMPLE_GOLDEN = new URL('../../samples/hospital/golden.jsonl', import.meta.url);

interface SampleQuestion extends Pick<GoldenProbe, 'question' | 'facts'> {
  /** The file that holds the answer. */
  filename: string;
}

let sampleQuestion: Promise<SampleQuestion | null> | null = null;

/** The configured question, or the next of the configured set; else one of the sample's, as long as the document that answers it can be found. */
export async function goldenProbe(
  ledger: Ledger,
  settings: HealthSettings['canary'],
): Promise<GoldenProbe | null> {
  if (settings.question !== null) {
    return { question: settings.question, facts: settings.facts, knowledgeBaseId: null };
  }
  if (settings.goldenSet !== null) return questionInTurn(ledger, settings.goldenSet);
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

let asked = 0;

/** Another question each time, so that all of the set come round. Null where the set holds none that can be asked. */
async function questionInTurn(ledger: Ledger, name: string): Promise<GoldenProbe | null> {
  const workspace = await ledger.read.get<{ id: string }>(FIRST_WORKSPACE);
  if (workspace === undefined) return null;
  const { questions, knowledgeBaseId } = await canaryQuestions(scopeSql(ledger.read, workspace.id), name);
  const next = questions[asked % Math.max(1, questions.length)];
  asked += 1;
  return next === undefined ? null : { question: next.question, facts: next.facts, knowledgeBaseId };
}

/** The questions that come with the sample documents. */
export async function readSampleGolden(): Promise<GoldenQuestion[]> {
  return parseGolden(await readFile(SAMPLE_GOLDEN, 'utf8'));
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
    const workspace = await tx.get<{ id: string }>(FIRST_WORKSPACE);
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
