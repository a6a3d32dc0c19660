import { PeerChannel } from './peer-channel.ts';
import type { ChannelObserver } from './peer-transport.ts';
import { readRedisAddress } from './redis-address.ts';
import { RedisConnector } from './redis-connect.ts';
import { RedisTransport } from './redis-transport.ts';

/** In the names of all channels: processes that speak another protocol do not meet. */
const PROTOCOL = 1;

export interface RedisChannelOptions {
  /** `rediss://user@host,other-host?sslrootcert=…`, or Sentinels with `?sentinel=name`; see redis-address.ts */
  url: string;
  /** Files with the user or the password alone, read anew at each connect. */
  userPath?: string | null;
  passwordPath?: string | null;
  /** Installations that share a server do not hear one another. */
  installationId: string;
  onState?: ChannelObserver;
}

/**
 * The channel over a Redis or Valkey server. Returns at once, connected or not: what is published while the server is
 * away is lost, as the port allows.
 *
 * @throws BudaoError channel_address_invalid
 */
export function openRedisChannel(options: RedisChannelOptions): PeerChannel {
  const prefix = `budao:${options.installationId}:${PROTOCOL}:`;
  return new PeerChannel(new RedisTransport(connectorOf(options), prefix), options.onState);
}

/**
 * Connects once, as the channel would.
 *
 * @returns the server that would be used
 * @throws BudaoError channel_address_invalid, channel_unavailable, channel_login_refused, channel_wrong_server
 */
export async function probeRedis(options: Omit<RedisChannelOptions, 'onState'>): Promise<string> {
  const { publisher, subscriber, server } = await connectorOf(options).connect();
  publisher.destroy();
  subscriber.destroy();
  return server;
}

function connectorOf({ url, userPath, passwordPath }: Omit<RedisChannelOptions, 'onState'>): RedisConnector {
  return new RedisConnector(readRedisAddress(url), {
    userPath: userPath ?? null,
    passwordPath: passwordPath ?? null,
  });
}
