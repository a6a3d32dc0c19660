// The thread in which a part of a snapshot is restored.

import { performJob } from '../thread-side.ts';
import type { PartProgress, PartReport } from './part.ts';
import { type PartJob, restorePart } from './restore-part.ts';

performJob<PartJob, PartReport, PartProgress>((job, signal, onProgress) =>
  restorePart({ ...job, signal, onProgress }),
);
