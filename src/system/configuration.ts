import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { z } from 'zod';
import { BudaoError } from '../contract/errors.ts';
import { HealthSettings } from '../health/settings.ts';
import { BackupSettings } from './backup/backup-settings.ts';
import { Bucket, filePath, httpUrl } from './bucket-settings.ts';
import { RetentionSettings } from './retention.ts';

/** A value that never shows itself in logs, errors or JSON. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toJSON(): string {
    return '[secret]';
  }

  toString(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));

const addressOrRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be an IP address or a range of them, such as 10.0.0.7 or 10.0.0.0/8',
});

const ModelEndpoint = z.strictObject({
  name: z.string().min(1).optional(),
  baseUrl: httpUrl,
  apiKey: secret.nullable().default(null),
  model: z.string().min(1),
  contextTokens: z.int().min(512).default(8_192),
  /** How this upstream goes on from a cut answer, see the configuration guide. */
  continuation: z
    .enum(['auto', 'vllm', 'sglang', 'llamacpp', 'ollama', 'partial', 'prefix', 'none'])
    .default('auto'),
  firstTokenTimeoutMs: z.int().min(100).default(30_000),
  idleTimeoutMs: z.int().min(100).default(20_000),
  /** Answers that one worker process lets it write at once; more go to the next endpoint, or wait. */
  maxConcurrent: z.int().min(1).max(10_000).default(500),
});
export type ModelEndpoint = z.infer<typeof ModelEndpoint>;

const EmbedderEndpoint = z.strictObject({
  baseUrl: httpUrl,
  apiKey: secret.nullable().default(null),
  model: z.string().min(1),
  batchSize: z.int().min(1).max(2048).default(10),
  queryPrefix: z.string().default(''),
  passagePrefix: z.string().default(''),
});
const EmbedderFolder = z.strictObject({
  folder: z.string().min(1),
  pooling: z.enum(['mean', 'cls']).optional(),
  queryPrefix: z.string().default(''),
  passagePrefix: z.string().default(''),
});

/** Where an installation keeps what it must not lose. Everything null is the embedded profile: the data folder holds all. */
const Stores = z.strictObject({
  ledger: z
    .strictObject({
      /** `postgres://user@host,other-host/database?sslmode=verify-full&sslrootcert=FILE` */
      // Several hosts make no URL of the web's kind; the rest is read, and refused, by the ledger's adapter.
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\/./, 'must be a postgres:// address')
        .nullable()
        .default(null),
      passwordFile: filePath.nullable().default(null),
      connections: z.int().min(3).max(100).default(10),
    })
    .prefault({}),
  channel: z
    .strictObject({
      /** `redis://` or `rediss://`; null passes hints through the database. */
      url: z
        .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// address' })
        .nullable()
        .default(null),
      passwordFile: filePath.nullable().default(null),
    })
    .prefault({}),
  blobs: z
    .strictObject({
      /** A folder that all nodes share, such as an NFS mount. */
      folder: filePath.nullable().default(null),
      /** Or a bucket; then the index lies there too. */
      bucket: Bucket.nullable().default(null),
    })
    .prefault({}),
  index: z.strictObject({ folder: filePath.nullable().default(null) }).prefault({}),
  /** 32 random bytes or more that all nodes share: what signs sessions is derived from it. */
  secretKeyFile: filePath.nullable().default(null),
});

export const ROLES = ['all', 'api', 'worker'] as const;
export type NodeRole = (typeof ROLES)[number];

/** One table for the file and the environment: each setting has one name, one check and one default. */
const Settings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(7860),
  dataDir: z.string().min(1).default('data'),
  workers: z.int().min(1).max(64).default(2),
  /** What this node does: answer clients, work, or both. */
  role: z.enum(ROLES).default('all'),
  /** How people call this node; the machine's name unless told otherwise. */
  node: z.string().min(1).max(100).nullable().default(null),
  stores: Stores.prefault({}),
  server: z
    .strictObject({
      /** Balancers and whatever else ends TLS in front: what they say of where a request comes from is believed. */
      trustedProxies: z.array(addressOrRange).max(100).default([]),
    })
    .prefault({}),
  /** What goes on while the ledger is away. */
  outage: z
    .strictObject({
      /** Who was known and what was read is served from memory for so long, and no longer; 0 switches that off. */
      readFromMemoryMs: z
        .int()
        .min(0)
        .max(24 * 3_600_000)
        .default(15 * 60_000),
      memoryMb: z.int().min(1).max(4_096).default(64),
      /** Streams wait so long for its return, before they are told to come back later. */
      streamPatienceMs: z.int().min(1_000).max(600_000).default(30_000),
    })
    .prefault({}),
  retention: RetentionSettings.prefault({}),
  /** A node that is told to stop serves on for so long, marked as leaving, so that balancers notice. */
  leaveDelayMs: z.int().min(0).max(60_000).default(0),
  health: HealthSettings.prefault({}),
  backup: BackupSettings.prefault({}),
  sample: z.boolean().default(true),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Beside stderr, as JSON lines in a file for each day. */
  logs: z
    .strictObject({ folder: filePath.nullable().default(null), days: z.int().min(1).max(3_650).default(30) })
    .prefault({}),
  bootstrapApiKey: secret.nullable().default(null),
  models: z.array(ModelEndpoint).max(16).default([]),
  embedder: z.union([EmbedderEndpoint, EmbedderFolder]).nullable().default(null),
  answers: z
    .strictObject({
      passages: z.int().min(1).max(50).default(8),
      maxOutputTokens: z.int().min(16).default(1_024),
      timeoutMs: z
        .int()
        .min(1_000)
        .default(10 * 60_000),
      /** How long a question is kept that nothing can answer, from when it was asked. */
      deferredTimeoutMs: z
        .int()
        .min(60_000)
        .default(24 * 3_600_000),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxUploadBytes: z
        .int()
        .min(1)
        .default(200 * 1024 * 1024),
      maxPages: z.int().min(1).default(5_000),
      maxCharacters: z.int().min(1).default(20_000_000),
      // Twice what the longest text makes in chunks of the usual size; more slows every search for one document's sake.
      maxChunks: z.int().min(1).default(100_000),
      maxUnpackedBytes: z
        .int()
        .min(1)
        .default(1024 * 1024 * 1024),
      extractionTimeoutMs: z.int().min(100).default(120_000),
      extractionMemoryMb: z.int().min(64).default(1_024),
    })
    .prefault({}),
});

export type Configuration = z.infer<typeof Settings> & {
  /** Where the settings were read from; absent without a file. */
  configFile?: string;
};

/** Several machines on one database, instead of one data folder. */
export function isCluster(configuration: Pick<Configuration, 'stores'>): boolean {
  return configuration.stores.ledger.url !== null;
}

type Overrides = Partial<
  Record<'host' | 'dataDir' | 'configFile', string> & Record<'port' | 'workers', number>
>;

export class ConfigurationError extends BudaoError {
  constructor(message: string) {
    super('invalid', 'configuration_invalid', message);
  }
}

/**
 * Command line over environment over file over defaults. Reports every bad field at once.
 *
 * @throws ConfigurationError
 */
export function loadConfiguration(environment: NodeJS.ProcessEnv, overrides: Overrides = {}): Configuration {
  const configFile = overrides.configFile ?? environment.BUDAO_CONFIG ?? '';
  const fromFile = readFile(configFile);
  const fromEnvironment = readEnvironment(environment);
  const { configFile: _, ...fromCommandLine } = overrides;
  const merged = { ...fromFile, ...definedOnly(fromEnvironment), ...definedOnly(fromCommandLine) };
  const parsed = Settings.safeParse({ ...merged, stores: mergeStores(fromFile.stores, environment) });
  if (!parsed.success) throw new ConfigurationError(describe(parsed.error));
  checkProfile(parsed.data);
  const named = configFile === '' ? {} : { configFile: resolve(configFile) };
  return { ...parsed.data, dataDir: resolve(parsed.data.dataDir), ...named };
}

function readEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const { BUDAO_MODEL_BASE_URL: modelUrl, BUDAO_EMBEDDING_BASE_URL: embeddingUrl } = environment;
  return {
    host: environment.BUDAO_HOST,
    port: numeric(environment.BUDAO_PORT),
    dataDir: environment.BUDAO_DATA_DIR,
    workers: numeric(environment.BUDAO_WORKERS),
    role: environment.BUDAO_ROLE,
    node: environment.BUDAO_NODE,
    leaveDelayMs: numeric(environment.BUDAO_LEAVE_DELAY_MS),
    server: environment.BUDAO_TRUSTED_PROXIES
      ? { trustedProxies: environment.BUDAO_TRUSTED_PROXIES.split(',').map((one) => one.trim()) }
      : undefined,
    sample: boolean(environment.BUDAO_SAMPLE),
    logLevel: environment.BUDAO_LOG_LEVEL,
    health: environment.BUDAO_OTLP_ENDPOINT
      ? { telemetry: { otlpEndpoint: environment.BUDAO_OTLP_ENDPOINT } }
      : undefined,
    bootstrapApiKey: environment.BUDAO_BOOTSTRAP_API_KEY,
    models: modelUrl
      ? [
          definedOnly({
            baseUrl: modelUrl,
            apiKey: environment.BUDAO_MODEL_API_KEY,
            model: environment.BUDAO_MODEL_NAME ?? 'default',
          }),
        ]
      : undefined,
    embedder: embeddingUrl
      ? definedOnly({
          baseUrl: embeddingUrl,
          apiKey: environment.BUDAO_EMBEDDING_API_KEY,
          model: environment.BUDAO_EMBEDDING_NAME ?? 'default',
        })
      : undefined,
  };
}

const STORE_VARIABLES: readonly [variable: string, store: string, field: string][] = [
  ['BUDAO_LEDGER_URL', 'ledger', 'url'],
  ['BUDAO_LEDGER_PASSWORD_FILE', 'ledger', 'passwordFile'],
  ['BUDAO_CHANNEL_URL', 'channel', 'url'],
  ['BUDAO_CHANNEL_PASSWORD_FILE', 'channel', 'passwordFile'],
  ['BUDAO_BLOBS_FOLDER', 'blobs', 'folder'],
  ['BUDAO_INDEX_FOLDER', 'index', 'folder'],
];

/** Each variable stands over its own field of the file. */
function mergeStores(fromFile: unknown, environment: NodeJS.ProcessEnv): unknown {
  if (fromFile !== undefined && (typeof fromFile !== 'object' || fromFile === null)) return fromFile;
  const stores: Record<string, unknown> = { ...fromFile };
  for (const [variable, store, field] of STORE_VARIABLES) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    stores[store] = { ...(stores[store] as object | undefined), [field]: value };
  }
  if (environment.BUDAO_SECRET_KEY_FILE) stores.secretKeyFile = environment.BUDAO_SECRET_KEY_FILE;
  return stores;
}

/** What goes together: a shared ledger needs everything else shared, and the other way round. @throws ConfigurationError */
function checkProfile(configuration: Configuration): void {
  const { stores, role } = configuration;
  const problems: string[] = [];
  if (isCluster(configuration)) {
    if (stores.secretKeyFile === null)
      problems.push('stores.secretKeyFile (BUDAO_SECRET_KEY_FILE): all nodes need the same key file');
    const { folder, bucket } = stores.blobs;
    if ((folder === null) === (bucket === null))
      problems.push(
        'stores.blobs: all nodes need the same folder (BUDAO_BLOBS_FOLDER) or bucket, one of the two',
      );
    if (bucket === null && stores.index.folder === null)
      problems.push('stores.index (BUDAO_INDEX_FOLDER): all nodes need the same place for the index');
  } else {
    if (role !== 'all') problems.push(`role (BUDAO_ROLE): "${role}" needs a ledger that nodes share`);
    const { channel, blobs, index } = stores;
    if (channel.url !== null || blobs.folder !== null || blobs.bucket !== null || index.folder !== null)
      problems.push('stores: a shared channel, blobs or index needs stores.ledger.url (BUDAO_LEDGER_URL)');
  }
  if (problems.length > 0)
    throw new ConfigurationError(`The configuration does not fit together:\n  ${problems.join('\n  ')}`);
}

/** Empty means not set, as in `BUDAO_PORT= npm run up`. What is no number stays as it is, and is refused by name. */
function numeric(value: string | undefined): unknown {
  if (value === undefined || value === '') return undefined;
  return /^-?\d+$/.test(value) ? Number(value) : value;
}

function boolean(value: string | undefined): unknown {
  if (value === undefined || value === '') return undefined;
  if (['1', 'true', 'yes', 'on'].includes(value.toLowerCase())) return true;
  if (['0', 'false', 'no', 'off'].includes(value.toLowerCase())) return false;
  return value;
}

function definedOnly(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ''),
  );
}

function readFile(path: string): Record<string, unknown> {
  if (path === '') return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `The configuration file ${path} cannot be read: ${(error as Error).message}`,
    );
  }
  // Loaded only with a file to read: it takes some megabytes of every process.
  const { parse: parseYaml } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  let content: unknown;
  try {
    content = parseYaml(text, { prettyErrors: true });
  } catch (error) {
    throw new ConfigurationError(
      `The configuration file ${path} is not valid YAML: ${(error as Error).message}`,
    );
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigurationError(
      `The configuration file ${path} must hold settings by name, such as \`port: 7860\`.`,
    );
  }
  return content as Record<string, unknown>;
}

const ENVIRONMENT_NAMES: Record<string, string> = {
  host: 'BUDAO_HOST',
  port: 'BUDAO_PORT',
  dataDir: 'BUDAO_DATA_DIR',
  workers: 'BUDAO_WORKERS',
  role: 'BUDAO_ROLE',
  node: 'BUDAO_NODE',
  leaveDelayMs: 'BUDAO_LEAVE_DELAY_MS',
  'stores.ledger.url': 'BUDAO_LEDGER_URL',
  'stores.channel.url': 'BUDAO_CHANNEL_URL',
  sample: 'BUDAO_SAMPLE',
  'server.trustedProxies': 'BUDAO_TRUSTED_PROXIES',
  'models.0.baseUrl': 'BUDAO_MODEL_BASE_URL',
  'embedder.baseUrl': 'BUDAO_EMBEDDING_BASE_URL',
};

function describe(error: z.ZodError): string {
  const lines = error.issues.map((issue) => {
    const path = issue.path.join('.');
    const variable = ENVIRONMENT_NAMES[path] ?? ENVIRONMENT_NAMES[issue.path.slice(0, -1).join('.')];
    return `  ${path || '(top level)'}${variable ? ` (${variable})` : ''}: ${issue.message}`;
  });
  return `The configuration has ${lines.length} problem${lines.length === 1 ? '' : 's'}:\n${lines.join('\n')}\nTry: budao config check`;
}
