/**
 * Everything that Budao measures of itself, in one table: the metrics for Prometheus, the windows of the alert rules
 * and the plots of the console are all made from it.
 */

/** machine: what it runs on. service: how it works. business: whether people get their answers. */
export const LAYERS = ['machine', 'service', 'business'] as const;
export type Layer = (typeof LAYERS)[number];

interface Described {
  layer: Layer;
  help: string;
}

/** Counts since the process started. */
export const COUNTERS = {
  http_requests: { layer: 'service', help: 'HTTP requests answered, probes left out.' },
  http_errors: { layer: 'service', help: 'HTTP requests that failed by fault of the service (5xx).' },
  http_rejected: { layer: 'service', help: 'HTTP requests turned away to protect what was admitted (429).' },
  ledger_commits: { layer: 'service', help: 'Transactions of the ledger.' },
  ledger_failures: {
    layer: 'service',
    help: 'Transactions that the ledger could not take: busy, away, full.',
  },
  runs_claimed: { layer: 'service', help: 'Runs that a worker took up.' },
  runs_taken_over: { layer: 'service', help: 'Runs that a worker took up after another had begun them.' },
  runs_failed: { layer: 'service', help: 'Runs that ended badly.' },
  model_calls: { layer: 'service', help: 'Calls to model endpoints.' },
  model_failures: { layer: 'service', help: 'Calls to model endpoints that failed.' },
  children_died: { layer: 'service', help: 'Processes that ended though nobody had asked them to.' },
  turns_completed: { layer: 'business', help: 'Answers given in full.' },
  turns_incomplete: { layer: 'business', help: 'Answers that stop short.' },
  turns_failed: { layer: 'business', help: 'Questions that got no answer.' },
  turns_cancelled: { layer: 'business', help: 'Answers that the reader stopped.' },
  turns_degraded: { layer: 'business', help: 'Answers given in a lesser mode than what is configured.' },
  turns_declined: { layer: 'business', help: 'Answers that say that the documents do not say.' },
  turns_uncited: { layer: 'business', help: 'Answers that neither decline nor cite a document.' },
  thumbs_up: { layer: 'business', help: 'Answers that a reader found good.' },
  thumbs_down: { layer: 'business', help: 'Answers that a reader found bad.' },
  canary_passed: { layer: 'business', help: 'Golden questions answered well through the front door.' },
  canary_failed: { layer: 'business', help: 'Golden questions answered badly or not at all.' },
} as const satisfies Record<string, Described>;
export type CounterName = keyof typeof COUNTERS;

/** How long things took, in seconds, counted in buckets. */
export const TIMINGS = {
  http_time: { layer: 'service', help: 'Time to answer a request; streams are left out.' },
  commit_time: { layer: 'service', help: 'Time of a transaction of the ledger, waiting included.' },
  queue_time: { layer: 'service', help: 'Time from a question to a worker that takes it up.' },
  first_text_time: { layer: 'business', help: 'Time from a question to the first words of its answer.' },
  answer_time: { layer: 'business', help: 'Time from a question to the end of its answer.' },
  canary_time: { layer: 'business', help: 'Time of a golden question through the front door.' },
} as const satisfies Record<string, Described>;
export type TimingName = keyof typeof TIMINGS;

interface GaugeDescription extends Described {
  /** How the values of several processes become one. */
  combine: 'sum' | 'max' | 'min';
  /** Told apart by what it is about, such as the name of an endpoint. */
  keyed?: true;
}

/** Values as they are now. Ratios are from 0 to 1. */
export const GAUGES = {
  machine_cpu_ratio: { layer: 'machine', combine: 'max', help: 'Busy share of all cores of a machine.' },
  machine_memory_ratio: { layer: 'machine', combine: 'max', help: 'Share of the memory that is in use.' },
  disk_free_bytes: { layer: 'machine', combine: 'min', help: 'Free space under the data folder.' },
  disk_used_ratio: { layer: 'machine', combine: 'max', help: 'Share of the disk under the data folder.' },
  process_cpu_ratio: { layer: 'machine', combine: 'sum', help: 'CPU of the processes, in cores.' },
  process_memory_bytes: { layer: 'machine', combine: 'sum', help: 'Resident memory of the processes.' },
  descriptors_ratio: {
    layer: 'machine',
    combine: 'max',
    help: 'Share of the allowed file descriptors in use.',
  },
  loop_lag_seconds: {
    layer: 'machine',
    combine: 'max',
    help: 'How late the event loop was, 99th percentile of the last seconds.',
  },
  streams: { layer: 'service', combine: 'sum', help: 'Event streams that are open.' },
  runs_queued: { layer: 'service', combine: 'max', help: 'Runs that wait for a worker.' },
  runs_running: { layer: 'service', combine: 'max', help: 'Runs that a worker holds.' },
  queue_age_seconds: {
    layer: 'service',
    combine: 'max',
    help: 'How long the oldest question has waited for a worker.',
  },
  index_lag_seconds: {
    layer: 'service',
    combine: 'max',
    help: 'How long the oldest uploaded document has waited to be found.',
  },
  replication_lag_seconds: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'How far a copy of the ledger is behind, by its name.',
  },
  recovery_lag_seconds: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'What would be lost with the machine now: how far the stream of changes into a repository is behind.',
  },
  archive_lag_seconds: {
    layer: 'service',
    combine: 'max',
    help: 'How old the newest file is that the database server has put into the archive of its log.',
  },
  settings_variants: {
    layer: 'service',
    combine: 'max',
    help: 'Different settings that are in force on the nodes; more than one is a mistake.',
  },
  workers_alive: { layer: 'service', combine: 'max', help: 'Worker processes that report.' },
  workers_configured: { layer: 'service', combine: 'sum', help: 'Worker processes that there should be.' },
  workers_missing: {
    layer: 'service',
    combine: 'max',
    help: 'Configured worker processes that do not report.',
  },
  breaker_open: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'Whether the breaker of a dependency keeps calls away (1) or not (0).',
  },
  backup_age_seconds: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'Age of the newest snapshot, by repository.',
  },
  backup_overdue_seconds: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'How long a scheduled task should have succeeded by now, by its name.',
  },
  backup_failed: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'Whether the last one of a task in a repository failed (1) or not (0).',
  },
  backup_inconclusive: {
    layer: 'service',
    combine: 'max',
    keyed: true,
    help: 'Whether the last one of a task in a repository proved nothing (1) or not (0).',
  },
  mode_degraded: {
    layer: 'business',
    combine: 'max',
    keyed: true,
    help: 'Whether answers would now be given in this lesser mode (1) or not (0).',
  },
  evaluation_failed: {
    layer: 'business',
    combine: 'max',
    keyed: true,
    help: 'Whether the last evaluation of a golden set with a baseline failed (1) or not (0).',
  },
  canary_failures_in_a_row: {
    layer: 'business',
    combine: 'max',
    help: 'Golden questions that failed one after another.',
  },
  canary_score: { layer: 'business', combine: 'min', help: 'Share of the facts in the last golden answer.' },
} as const satisfies Record<string, GaugeDescription>;
export type GaugeName = keyof typeof GAUGES;

export type SignalName = CounterName | TimingName | GaugeName;

export function gaugeDescription(name: GaugeName): GaugeDescription {
  return GAUGES[name];
}

export function isKeyed(name: GaugeName): boolean {
  return gaugeDescription(name).keyed === true;
}
