import { ReplySchemas } from '../support/reply-schemas.ts';
import type { Service } from '../support/service.ts';
import type { Attempt, Ids, Kind, RouteCase } from './route-table.ts';

const PATIENCE_MS = 20_000;

export interface Reply {
  status: number;
  text: string;
  /** What was asked, for messages. */
  asked: string;
}

const schemasOf = new WeakMap<Service, Promise<ReplySchemas>>();

/**
 * Sends what someone could send who holds a credential and knows ids that are not theirs.
 * @throws where the answer is not one that the OpenAPI document describes
 */
export async function send(
  service: Service,
  credential: string | null,
  route: string,
  attempt: Attempt & { headers?: Record<string, string> } = {},
): Promise<Reply> {
  const [method = '', path = ''] = route.split(' ');
  const query = new URLSearchParams(attempt.query ?? {}).toString();
  const url = query === '' ? path : `${path}?${query}`;
  const { body } = attempt;
  const isForm = body instanceof FormData;
  const response = await fetch(`${service.url}${url}`, {
    method,
    headers: {
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      ...attempt.headers,
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const asked = `${method} ${url}${body === undefined ? '' : ` ${isForm ? 'a form' : JSON.stringify(body)}`}`;
  const { status } = response;
  const text = await response.text();
  const schemas = schemasOf.get(service) ?? ReplySchemas.of(service.url);
  schemasOf.set(service, schemas);
  const contentType = response.headers.get('content-type');
  (await schemas).check({ method, path: url, status, contentType, text });
  return { status, text, asked };
}

/** The route with its parameters filled in every way in which at least one names what belongs to `theirs`. */
export function foreignPaths(route: RouteCase, theirs: Ids, own: Ids): string[] {
  let paths: { path: string; foreign: boolean }[] = [{ path: route.route, foreign: false }];
  for (const [name, kinds] of Object.entries(route.params ?? {})) {
    const values = kinds.flatMap((kind) => [
      { id: theirs[kind], foreign: true },
      { id: own[kind], foreign: false },
    ]);
    paths = paths.flatMap(({ path, foreign }) =>
      values.map((value) => ({
        path: path.replace(`:${name}`, value.id),
        foreign: foreign || value.foreign,
      })),
    );
  }
  return paths.filter(({ foreign }) => foreign).map(({ path }) => path);
}

export function ownPath(route: RouteCase, own: Partial<Ids>): string {
  return Object.entries(route.params ?? {}).reduce(
    (path, [name, kinds]) => path.replace(`:${name}`, own[kinds[0] as Kind] ?? 'absent'),
    route.route as string,
  );
}
