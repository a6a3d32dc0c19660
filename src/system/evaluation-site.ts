/** What evaluations need of this installation: its front door, its models, and what it is. */
import { randomBytes } from 'node:crypto';
import { insertKey } from '../access/keys.ts';
import type { GeneratorChoice } from '../answers/ports.ts';
import { PROMPT_VERSION } from '../answers/prompt/prompt-version.ts';
import { BudaoError } from '../contract/errors.ts';
import type { AskModel } from '../evaluation/drafts/by-model.ts';
import type { EvaluationSite, FrontDoor } from '../evaluation/evaluate-handler.ts';
import { type Judge, judgePrompt } from '../evaluation/judge.ts';
import { CANARY_MARK } from '../health/canary/canary-mark.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeLedger } from '../ledger/scope.ts';
import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';
import { readEndpoint } from './endpoint-file.ts';
import { VERSION } from './version.ts';

const KEY_NAME = '评测 / Evaluation';
/** Longer than any evaluation may take; a key whose evaluation died is of no use to anybody after it. */
const KEY_LIFE_MS = 6 * 60 * 60_000;
const MODEL_OUTPUT_TOKENS = 1_024;

export function createEvaluationSite(options: {
  configuration: Configuration;
  ledger: Ledger;
  /** The configured models as one, or null. */
  choose: () => GeneratorChoice | null;
}): EvaluationSite {
  const { configuration, ledger, choose } = options;
  const models = configuration.models.map(({ name, model }) => name ?? model);
  const askModel = (): AskModel | null => {
    const generator = choose();
    return generator === null ? null : (prompt, signal) => askOnce(generator, prompt, signal);
  };
  return {
    openFrontDoor: (workspaceId) => openFrontDoor(configuration, ledger, workspaceId),
    subject: async () => ({ program_version: VERSION, prompt_version: PROMPT_VERSION, models }),
    judge: () => judgeBy(askModel(), models[0] ?? ''),
    askModel,
  };
}

function judgeBy(ask: AskModel | null, name: string): Judge | null {
  if (ask === null) return null;
  return { name, ask: (answer) => ask(judgePrompt(answer), answer.signal) };
}

async function askOnce(generator: GeneratorChoice, prompt: string, signal: AbortSignal): Promise<string> {
  let said = '';
  await generator.generate(
    {
      messages: [{ role: 'user', content: prompt }],
      prefix: '',
      maxOutputTokens: MODEL_OUTPUT_TOKENS,
      temperature: 0,
      topP: null,
      signal,
    },
    (part) => {
      if (part.type === 'text') said += part.text;
    },
    () => undefined,
  );
  return said;
}

/** A reader's key for one evaluation: nobody knows it afterwards, and it is revoked with the end. */
async function openFrontDoor(
  { dataDir, health }: Configuration,
  ledger: Ledger,
  workspaceId: string,
): Promise<FrontDoor> {
  const baseUrl = health.canary.url ?? (await readEndpoint(dataFolderAt(dataDir)));
  if (baseUrl === null) {
    throw new BudaoError(
      'unavailable',
      'evaluation_unreachable',
      'Nobody listens at the front door. On a node without the api role set health.canary.url to the address that people use.',
    );
  }
  const apiKey = `bdk_eval_${randomBytes(32).toString('base64url')}`;
  const own = scopeLedger(ledger, workspaceId);
  const now = ledgerTime();
  const id = await own.transaction(async (tx) => {
    await tx.run(
      'DELETE FROM api_key WHERE workspace_id = :workspace AND name = :name AND expires_at < :now',
      {
        name: KEY_NAME,
        now,
      },
    );
    return insertKey(tx, {
      secret: apiKey,
      name: KEY_NAME,
      role: 'reader',
      accountId: null,
      expiresAt: now + KEY_LIFE_MS,
      now,
    });
  });
  return {
    baseUrl,
    apiKey,
    metadata: { [CANARY_MARK]: 'true' },
    async [Symbol.asyncDispose]() {
      await own
        .transaction((tx) =>
          tx.run('DELETE FROM api_key WHERE workspace_id = :workspace AND id = :id', { id }),
        )
        // It ends by itself.
        .catch(() => undefined);
    },
  };
}
