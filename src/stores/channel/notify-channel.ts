import type { Sql } from '../../ledger/ledger.ts';
import { readPostgresAddress } from '../ledger/postgres-address.ts';
import { PostgresConnector } from '../ledger/postgres-connect.ts';
import { NotifyTransport } from './notify-transport.ts';
import { PeerChannel } from './peer-channel.ts';
import type { ChannelObserver } from './peer-transport.ts';

export interface NotifyChannelOptions {
  /** The ledger's own; see postgres-address.ts */
  url: string;
  passwordPath?: string | null;
  /** The ledger's, for what is published: one statement for all that happens in a turn. */
  sql: Sql;
  /** Installations that share a database do not hear one another. */
  installationId: string;
  onState?: ChannelObserver;
}

/**
 * The channel over the ledger's own PostgreSQL, where there is no Redis. Followers hear that there is something, and
 * read it from the ledger. Returns at once, connected or not.
 *
 * @throws BudaoError ledger_address_invalid
 */
export function openNotifyChannel(options: NotifyChannelOptions): PeerChannel {
  const { url, passwordPath, sql, installationId, onState } = options;
  const connector = new PostgresConnector(readPostgresAddress(url), passwordPath ?? null);
  return new PeerChannel(new NotifyTransport(connector, sql, installationId), onState);
}
