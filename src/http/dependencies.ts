import type { FastifyPluginAsync } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Access } from '../access/access.ts';
import type { Meter } from '../health/signals/meter.ts';
import type { Embedder } from '../knowledge/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Capacity } from './admission/load-sample.ts';
import type { HealthCheck } from './foundation/probes.ts';
import type { Feeds, LedgerOutage } from './streaming/stream-hub.ts';

/** All that the HTTP surface needs from the rest of the program. */
export interface HttpDependencies {
  version: string;
  logger: Logger;
  ledger: Ledger;
  feeds: Feeds;
  /** Streams outlast an outage of the ledger for so long. */
  outage: LedgerOutage;
  streamPatienceMs: number;
  runs: RunAnnouncer;
  /** Names of the configured generators, in the order in which they are tried. */
  generatorNames: readonly string[];
  embedder: Embedder | null;
  checks: readonly HealthCheck[];
  metrics: Registry;
  /** What this process counts of itself. */
  meter: Meter;
  /** What the living processes can take on. */
  capacity(): Promise<Capacity>;
  /** Whole-system state for `/ops/status`. */
  status(): Promise<SystemStatus>;
  access: Access;
  /** Further routes, of the parts that are not about answers. */
  routes: readonly FastifyPluginAsync[];
  /** Addresses and ranges of the proxies whose word counts on where a request comes from, and whether by TLS. */
  trustedProxies: readonly string[];
  /** The built console, or null. */
  consoleFolder: string | null;
}

/** The part of RunClient that routes need: hints to workers after a commit. */
export interface RunAnnouncer {
  announce(run: { kind: string; id?: string }): void;
  announceCancel(runId: string): void;
}

/** Times are milliseconds since the epoch. */
export interface SystemStatus {
  startedAt: number;
  /** The mode in which an answer would be given now. */
  mode: string;
  processes: readonly {
    id: string;
    pid: number;
    role: string;
    version: string;
    startedAt: number;
    seenAt: number;
    node: string | null;
    host: string | null;
    /** silent: its node has not spoken of it for a while. */
    state: 'starting' | 'ready' | 'leaving' | 'silent';
    /** As it last measured itself; null as long as it has not. */
    load: {
      cpuCores: number | null;
      memoryBytes: number | null;
      loopLagSeconds: number | null;
      /** Of a supervisor: how many workers its node should have. */
      workersConfigured: number | null;
    } | null;
    runIds: readonly string[];
  }[];
}
