import { channelAddressInvalid } from './channel-errors.ts';

export interface RedisHost {
  host: string;
  port: number;
}

/** Where a Redis or Valkey server is: several hosts, of which the one that is no replica is used, or Sentinels. */
export interface RedisAddress {
  hosts: readonly RedisHost[];
  user: string | null;
  /** Null when it is in a file, or when the server asks for none. */
  password: string | null;
  /** The name under which the hosts, which are Sentinels then, know the primary. */
  sentinelPrimary: string | null;
  tls: boolean;
  rootCertificatePath: string | null;
  certificatePath: string | null;
  keyPath: string | null;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;
const SHAPE = 'rediss://user@host:6379,other-host:6379?sslrootcert=/path/ca.pem';
/** A database's number may be there, and means nothing: all databases of a server share its channels. */
const URL_PARTS =
  /^(?<scheme>rediss?|valkeys?):\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^/?#]*)(?:\/\d*)?(?:\?(?<query>[^#]*))?$/;
const HOST_PARTS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:]+))(?::(?<port>\d+))?$/;
const KNOWN: ReadonlySet<string> = new Set(['sentinel', 'sslcert', 'sslkey', 'sslrootcert']);

/** @throws BudaoError channel_address_invalid, with everything that is wrong and never with the password */
export function readRedisAddress(url: string): RedisAddress {
  const parts = URL_PARTS.exec(url)?.groups;
  if (parts === undefined) throw invalid(['it is no such URL']);
  const faults: string[] = [];
  const query = new URLSearchParams(parts.query ?? '');
  for (const name of query.keys()) if (!KNOWN.has(name)) faults.push(`there is no parameter ${name}`);
  const [user, password] = (parts.login ?? '').split(/:(.*)/s).map((text) => decode(text, faults));
  const sentinelPrimary = query.get('sentinel');
  const port = sentinelPrimary === null ? DEFAULT_PORT : DEFAULT_SENTINEL_PORT;
  const tls = parts.scheme === 'rediss' || parts.scheme === 'valkeys';
  const certificates = ['sslrootcert', 'sslcert', 'sslkey'].filter((name) => query.has(name));
  if (!tls && certificates.length > 0) faults.push(`${certificates[0]} needs rediss:// in place of redis://`);
  if (query.has('sslcert') !== query.has('sslkey')) faults.push('sslcert and sslkey belong together');
  const address = {
    hosts: readHosts(parts.hosts ?? '', port, faults),
    user: user === undefined || user === '' ? null : user,
    password: password === undefined || password === '' ? null : password,
    sentinelPrimary,
    tls,
    rootCertificatePath: query.get('sslrootcert'),
    certificatePath: query.get('sslcert'),
    keyPath: query.get('sslkey'),
  };
  if (faults.length > 0) throw invalid(faults);
  return address;
}

function readHosts(written: string, defaultPort: number, faults: string[]): RedisHost[] {
  if (written === '') {
    faults.push('the host is missing');
    return [];
  }
  return written.split(',').map((text) => {
    const groups = HOST_PARTS.exec(text)?.groups;
    const host = groups?.v6 ?? groups?.name ?? '';
    if (host === '') faults.push(`${text === '' ? 'an empty entry' : text} is no host`);
    const port = Number(groups?.port ?? defaultPort);
    if (port < 1 || port > 65_535) faults.push(`${port} is no port`);
    return { host, port };
  });
}

function decode(text: string, faults: string[]): string {
  try {
    return decodeURIComponent(text);
  } catch {
    faults.push('a % must be written as %25');
    return '';
  }
}

function invalid(faults: readonly string[]): Error {
  return channelAddressInvalid(
    `The address of the live channel is wrong: ${faults.join('; ')}. It looks like ${SHAPE}`,
  );
}

export function nameOf({ host, port }: RedisHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
