/** How this process leaves: first it is said, then nothing new is taken, then what is under way ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import type { StreamHub } from '../streaming/stream-hub.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Serves on for `delayMs`, marked as leaving, so that balancers notice; then sends streams elsewhere, lets short
     * requests end, and closes.
     */
    leave(delayMs: number): Promise<void>;
    readonly isLeaving: boolean;
  }
}

/** A request that is neither a stream nor waits for an answer takes less; an upload is begun again elsewhere. */
const SHORT_REQUEST_MS = 1_500;

export function registerDeparture(app: FastifyInstance, hub: StreamHub): void {
  const state = { isLeaving: false, isClosed: false, underway: 0, onIdle: () => {} };
  app.decorate('isLeaving', { getter: () => state.isLeaving });
  app.addHook('onRequest', (request, reply, done) => {
    state.underway += 1;
    reply.raw.once('close', () => {
      state.underway -= 1;
      if (state.underway === 0) state.onIdle();
    });
    // The next request of this connection goes to whoever stays.
    if (state.isLeaving) reply.header('connection', 'close');
    if (state.isClosed && request.routeOptions.config.public !== true) done(serverLeaving());
    else done();
  });
  app.decorate('leave', async (delayMs: number) => {
    state.isLeaving = true;
    await sleep(delayMs);
    state.isClosed = true;
    await hub.leave(serverLeaving());
    const idle = Promise.withResolvers<void>();
    state.onIdle = idle.resolve;
    if (state.underway === 0) idle.resolve();
    const patience = new AbortController();
    await Promise.race([
      idle.promise,
      sleep(SHORT_REQUEST_MS, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
    await app.close();
  });
}

export function serverLeaving(): BudaoError {
  return new BudaoError(
    'unavailable',
    'server_leaving',
    'This process is being stopped. What is under way goes on elsewhere: connect again.',
  );
}
