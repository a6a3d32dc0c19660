import type { FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';

/**
 * Only our own pages may use the cookie. A header of one's own cannot be sent from another site without asking us
 * first; a browser also tells by itself where a request comes from.
 * @throws BudaoError cross_site_request
 */
export function requireSameOrigin(request: FastifyRequest): void {
  const { headers } = request;
  if (headers['x-budao-request'] !== undefined) return;
  if (headers['sec-fetch-site'] === 'same-origin') return;
  if (headers['sec-fetch-site'] === undefined && isOwnOrigin(headers.origin, request.host)) return;
  throw new BudaoError(
    'forbidden',
    'cross_site_request',
    'This request does not come from the console. Other clients send the header X-Budao-Request: 1.',
  );
}

function isOwnOrigin(origin: string | undefined, host: string): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host;
}
