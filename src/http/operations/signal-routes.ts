import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import type { SignalBoard } from '../../health/signals/signal-board.ts';
import { validate } from '../foundation/validate.ts';
import { SignalsReply } from './operation-replies.ts';

const SignalsQuery = z.looseObject({
  seconds: z.coerce.number().pipe(z.int().min(60).max(7_200)).default(900),
});

/** What all processes measure of themselves, in three layers, with points to plot. */
export function signalRoutes({ board }: { board: SignalBoard }): FastifyPluginAsync {
  return async (app) => {
    app.get(
      '/ops/signals',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Signals of the whole installation',
            answer: SignalsReply,
            tag: 'Operations',
            query: SignalsQuery,
          },
        },
      },
      async (request) => {
        const { seconds } = validate(SignalsQuery, request.query);
        const { pointSeconds, signals } = board.view(seconds);
        return {
          object: 'signals',
          seconds,
          point_seconds: pointSeconds,
          covered_seconds: Math.floor(Math.min(seconds, board.coveredSeconds)),
          layers: {
            machine: signals.filter(({ layer }) => layer === 'machine'),
            service: signals.filter(({ layer }) => layer === 'service'),
            business: signals.filter(({ layer }) => layer === 'business'),
          },
          processes: board.processes.map(({ id, role, host, snapshot }) => ({
            id,
            role,
            host,
            counters: snapshot.counters,
            gauges: Object.fromEntries(
              Object.entries(snapshot.gauges).map(([name, values]) => [name, Object.fromEntries(values)]),
            ),
          })),
        };
      },
    );
  };
}
