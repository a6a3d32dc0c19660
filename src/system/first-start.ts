import type { Logger } from 'pino';
import { ensureBootstrap } from '../access/bootstrap.ts';
import { learnDimension } from '../knowledge/ingest/generation.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import type { Configuration } from './configuration.ts';
import type { DataFolder } from './data-folder.ts';
import { rememberFirstPassword } from './first-password.ts';
import { createEmbedder } from './models.ts';
import { loadSample } from './sample.ts';

/** How to sign in for the first time; null once that password has been changed. */
export interface FirstSignIn {
  username: string;
  password: string;
}

/** What a data folder needs before the first question: an owner, a workspace, a local key, and the sample documents. */
export async function prepareInstallation(context: {
  configuration: Configuration;
  folder: DataFolder;
  ledger: Ledger;
  log: Logger;
}): Promise<FirstSignIn | null> {
  const { configuration, folder, ledger, log } = context;
  return rememberFirstPassword(folder, ledger, async (password) => {
    const bootstrap = await ensureBootstrap({
      ledger,
      password,
      bootstrapApiKey: configuration.bootstrapApiKey?.reveal() ?? null,
      now: Date.now(),
    });
    for (const warning of bootstrap.warnings) log.warn(warning);
    if (configuration.sample) {
      const embedder = createEmbedder(configuration);
      // Without the embedder the sample starts lexical, and is rebuilt once the embedder answers.
      const usable = await learnDimension(embedder).then(
        () => embedder,
        (err: unknown) => {
          log.warn({ err }, 'the embedder does not answer: knowledge starts with lexical search');
          return null;
        },
      );
      const blobs = new FolderBlobs(folder.blobs);
      await loadSample({ ledger, blobs, embedder: usable, workspaceId: bootstrap.workspaceId });
    }
  });
}
