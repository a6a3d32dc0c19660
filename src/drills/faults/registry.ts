/** All faults by name. A new one is a file beside this one, and a line here. */
import { certificate } from './certificate.ts';
import { clockJump } from './clock-jump.ts';
import { command } from './command.ts';
import { clientConnection, databaseConnection, modelConnection, redisConnection } from './connection.ts';
import { dataDamaged } from './data-damaged.ts';
import { dataDeleted } from './data-deleted.ts';
import { databaseFailover, databaseFreeze, databaseKill } from './database.ts';
import { deploy } from './deploy.ts';
import { diskFull } from './disk-full.ts';
import { diskReadOnly } from './disk-read-only.ts';
import type { FaultKind } from './fault.ts';
import { ingestKill } from './ingest-kill.ts';
import { knowledgeBaseDeleted } from './knowledge-base-deleted.ts';
import { limitFiles, limitMemory } from './limit.ts';
import { embedderFails, modelFails } from './model.ts';
import { linkDown, networkCut } from './network-cut.ts';
import { processFreeze } from './process-freeze.ts';
import { processKill } from './process-kill.ts';
import { redisFault } from './redis.ts';
import { repositoryDamaged } from './repository-damaged.ts';
import { restart } from './restart.ts';
import { tableDropped } from './table-dropped.ts';

const ALL: readonly FaultKind[] = [
  processKill,
  processFreeze,
  ingestKill,
  restart,
  databaseKill,
  databaseFailover,
  databaseFreeze,
  redisFault,
  networkCut,
  linkDown,
  clientConnection,
  modelConnection,
  databaseConnection,
  redisConnection,
  diskFull,
  diskReadOnly,
  dataDeleted,
  dataDamaged,
  clockJump,
  limitFiles,
  limitMemory,
  modelFails,
  embedderFails,
  certificate,
  deploy,
  repositoryDamaged,
  knowledgeBaseDeleted,
  tableDropped,
  command,
];

export const FAULTS: ReadonlyMap<string, FaultKind> = new Map(ALL.map((fault) => [fault.name, fault]));
