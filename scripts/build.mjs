// Builds what has changed since the last build.
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';

await ensureBuilt(fileURLToPath(new URL('..', import.meta.url)));
