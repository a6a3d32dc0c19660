/**
 * No string of a request holds a NUL: not every ledger keeps one, no person types one, and what ends a string in other
 * programs is a way to show them another text than is stored.
 */
import type { FastifyInstance } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { dotted } from './validate.ts';

const NUL = '\u0000';

/** Looks at what stands in the address; bodies and forms are looked at where they are read. */
export function registerNulRefusal(app: FastifyInstance): void {
  app.addHook('preValidation', async (request) => {
    if (!/%00/.test(request.url)) return;
    refuseNul(request.params);
    refuseNul(request.query);
  });
}

/** @throws BudaoError invalid_value with the place in the value, and in the string */
export function refuseNul(value: unknown, path: readonly PropertyKey[] = []): void {
  if (typeof value === 'string') {
    const at = value.indexOf(NUL);
    if (at >= 0) throw holdsNul(path, at);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseNul(item, [...path, index]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (key.includes(NUL)) throw holdsNul([...path, key], key.indexOf(NUL));
      refuseNul(item, [...path, key]);
    }
  }
}

function holdsNul(path: readonly PropertyKey[], at: number): BudaoError {
  const param = path.length === 0 ? null : dotted(path);
  const where = param === null ? '' : ` for '${param}'`;
  return new BudaoError(
    'invalid',
    'invalid_value',
    `Invalid value${where}: it must hold no control characters, and character ${at + 1} is a NUL. Send it without.`,
    { param },
  );
}
