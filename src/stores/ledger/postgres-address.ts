import { BudaoError } from '../../contract/errors.ts';

export const TLS_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket. */
  host: string;
  port: number;
}

/** Where the ledger is, as libpq's URLs say it: several hosts, of which the one that takes writes is used. */
export interface PostgresAddress {
  hosts: readonly PostgresHost[];
  database: string;
  user: string;
  /** Null when it is in a file, or when the server asks for none. */
  password: string | null;
  tlsMode: TlsMode;
  rootCertificatePath: string | null;
  certificatePath: string | null;
  keyPath: string | null;
  connectTimeoutMs: number;
  applicationName: string;
}

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_MS = 2_000;
const MAX_CONNECT_TIMEOUT_MS = 60_000;
const SHAPE =
  'postgres://user@host:5432,other-host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem';
const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^/?#]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST_PARTS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/;
const KNOWN: ReadonlySet<string> = new Set([
  'application_name',
  'connect_timeout',
  'host',
  'port',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslrootcert',
  'target_session_attrs',
]);

/** @throws BudaoError ledger_address_invalid, with everything that is wrong and never with the password */
export function readPostgresAddress(url: string): PostgresAddress {
  const parts = URL_PARTS.exec(url)?.groups;
  if (parts === undefined) throw invalid(['it is no such URL']);
  const faults: string[] = [];
  const query = new URLSearchParams(parts.query ?? '');
  for (const name of query.keys()) if (!KNOWN.has(name)) faults.push(`there is no parameter ${name}`);
  const [user = '', password] = (parts.login ?? '').split(/:(.*)/s).map(decode);
  if (user === '') faults.push('the user is missing');
  const database = decode(parts.database ?? '');
  if (database === '') faults.push('the database is missing');
  const hosts = readHosts(parts.hosts ?? '', query, faults);
  const wanted = query.get('target_session_attrs') ?? 'read-write';
  if (wanted !== 'read-write' && wanted !== 'primary') {
    faults.push(`target_session_attrs is ${wanted}, but the ledger writes: use read-write`);
  }
  const address = {
    hosts,
    database,
    user,
    password: password === undefined ? null : password,
    tlsMode: readTlsMode(query, hosts, faults),
    rootCertificatePath: query.get('sslrootcert'),
    certificatePath: query.get('sslcert'),
    keyPath: query.get('sslkey'),
    connectTimeoutMs: readTimeout(query.get('connect_timeout'), faults),
    applicationName: query.get('application_name') ?? 'budao',
  };
  if (faults.length > 0) throw invalid(faults);
  return address;
}

function readHosts(written: string, query: URLSearchParams, faults: string[]): PostgresHost[] {
  const list = written === '' ? (query.get('host') ?? '') : written;
  if (list === '') {
    faults.push('the host is missing');
    return [];
  }
  const ports = (query.get('port') ?? '').split(',');
  return list.split(',').map((entry, index) => {
    const text = decode(entry);
    const groups = text.startsWith('/') ? { name: text } : HOST_PARTS.exec(text)?.groups;
    const host = groups?.v6 ?? groups?.name ?? '';
    if (host === '') faults.push(`${text === '' ? 'an empty entry' : text} is no host`);
    const port = Number(groups?.port ?? (ports[index] || ports[0] || DEFAULT_PORT));
    if (!Number.isInteger(port) || port < 1 || port > 65_535) faults.push(`${port} is no port`);
    return { host, port };
  });
}

/** Over a network a server proves who it is, unless the address says otherwise. */
function readTlsMode(query: URLSearchParams, hosts: readonly PostgresHost[], faults: string[]): TlsMode {
  const mode = query.get('sslmode') ?? (hosts.every(isLocal) ? 'disable' : 'verify-full');
  const known = TLS_MODES.find((one) => one === mode);
  if (known === undefined) faults.push(`sslmode is ${mode}; use one of ${TLS_MODES.join(', ')}`);
  return known ?? 'verify-full';
}

function isLocal({ host }: PostgresHost): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function readTimeout(seconds: string | null, faults: string[]): number {
  if (seconds === null) return DEFAULT_CONNECT_TIMEOUT_MS;
  const timeoutMs = Number(seconds) * 1_000;
  if (timeoutMs > 0 && timeoutMs <= MAX_CONNECT_TIMEOUT_MS) return timeoutMs;
  faults.push('connect_timeout is in seconds, from 1 to 60');
  return DEFAULT_CONNECT_TIMEOUT_MS;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(['a % must be written as %25']);
  }
}

function invalid(faults: readonly string[]): BudaoError {
  return new BudaoError(
    'conflict',
    'ledger_address_invalid',
    `The address of the ledger's database is wrong: ${faults.join('; ')}. It looks like ${SHAPE}`,
  );
}

export function nameOf({ host, port }: PostgresHost): string {
  return host.startsWith('/')
    ? `${host}, port ${port}`
    : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
