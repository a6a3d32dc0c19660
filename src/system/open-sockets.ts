import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const open = new Set<Socket>();

/** From now on every connection of this process is known, whoever makes it. */
export function watchSockets(): void {
  for (const channel of ['net.client.socket', 'net.server.socket']) subscribe(channel, remember);
}

/**
 * At once, without a goodbye. A process that dies is taken apart by the system first, which takes the better part of a
 * second on a busy machine: meanwhile clients wait at dead connections, and the database sees sessions of nobody.
 */
export function closeSockets(): void {
  for (const socket of open) socket.destroy();
}

function remember(message: unknown): void {
  const { socket } = message as { socket: Socket };
  open.add(socket);
  socket.once('close', () => open.delete(socket));
}
