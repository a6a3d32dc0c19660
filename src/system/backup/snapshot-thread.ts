// The thread in which a snapshot is taken.

import { performSnapshot } from './snapshot-job.ts';
import { performJob } from './thread-side.ts';

performJob(performSnapshot);
