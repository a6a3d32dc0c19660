import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ensureBootstrap } from '../access/bootstrap.ts';
import { ensureSampleSet } from '../evaluation/sets/sample-set.ts';
import { learnDimension } from '../knowledge/ingest/generation.ts';
import type { Embedder } from '../knowledge/ports.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readSampleGolden } from './canary-question.ts';
import type { Configuration } from './configuration.ts';
import type { DataFolder } from './data-folder.ts';
import { type FirstSignIn, readFirstSignIn, rememberFirstSignIn } from './first-sign-in.ts';
import { ensureLocalKey } from './local-key.ts';
import { createEmbedder } from './models.ts';
import { loadSample } from './sample.ts';
import { openBlobs } from './shared-stores.ts';

/** Long enough to load a local model; the service is not up before it has passed. */
const EMBEDDER_PATIENCE_MS = 10_000;

/**
 * What a data folder needs before the first question: an owner, a workspace, a key for the command line on this
 * machine, and the sample documents. Does at every start what an earlier one was killed before.
 */
export async function prepareInstallation(context: {
  configuration: Configuration;
  folder: DataFolder;
  ledger: Ledger;
  log: Logger;
}): Promise<FirstSignIn | null> {
  const { configuration, folder, ledger, log } = context;
  const bootstrapApiKey = configuration.bootstrapApiKey?.reveal();
  const bootstrap = await ensureBootstrap({
    ledger,
    now: ledgerTime,
    ...(bootstrapApiKey === undefined ? {} : { bootstrapApiKey }),
  });
  for (const warning of bootstrap.warnings) log.warn(warning);
  if (bootstrap.admin !== null) {
    await rememberFirstSignIn(folder, bootstrap.admin);
    await bootstrap.acknowledge();
  }
  await ensureLocalKey(folder, ledger, bootstrap.workspaceId);
  if (configuration.sample) {
    await using opened = await openBlobs(configuration);
    await loadSample({
      ledger,
      blobs: opened.blobs,
      usableEmbedder: () => usableEmbedder(configuration, log),
      workspaceId: bootstrap.workspaceId,
    });
    const sample = {
      workspaceId: bootstrap.workspaceId,
      description: '示例文档的问题 / Questions about the sample documents',
      read: readSampleGolden,
    };
    await ensureSampleSet(ledger, sample, ledgerTime());
  }
  return readFirstSignIn(folder, ledger);
}

/** Without its embedder the sample starts with lexical search, and is rebuilt once the embedder answers. */
async function usableEmbedder(configuration: Configuration, log: Logger): Promise<Embedder | null> {
  const embedder = await createEmbedder(configuration);
  const patience = new AbortController();
  try {
    await Promise.race([
      learnDimension(embedder),
      sleep(EMBEDDER_PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
        throw new Error(`no answer within ${EMBEDDER_PATIENCE_MS} ms`);
      }),
    ]);
    return embedder;
  } catch (err) {
    log.warn({ err }, 'the embedder does not answer: knowledge starts with lexical search');
    return null;
  } finally {
    patience.abort();
  }
}
