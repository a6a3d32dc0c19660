/** Every route says who may call it; the program does not start with one that does not. */
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../../access/access.ts';
import { type Principal, ROLES, type Role, requireOperator, requireRole } from '../../access/principal.ts';
import { BudaoError } from '../../contract/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to anybody; the route has no principal. */
    public?: boolean;
    /** The least role in the workspace that may call the route. */
    role?: Role;
    /** Beside the role: it concerns all workspaces. */
    operator?: boolean;
  }

  interface FastifyRequest {
    /** Who is asking. Throws on a public route, which asks nobody. */
    readonly principal: Principal;
  }
}

const PRINCIPAL = Symbol('principal');
type Identified = FastifyRequest & { [PRINCIPAL]?: Principal };

/**
 * Registered before all routes: guards those of the instance that it is registered on and of its children.
 * Strangers are turned away before their body is read.
 */
export async function accessPlugin(app: FastifyInstance, options: { access: Access }): Promise<void> {
  await app.register(cookie);
  app.decorateRequest('principal', {
    getter(this: FastifyRequest): Principal {
      const principal = (this as Identified)[PRINCIPAL];
      if (principal === undefined) {
        throw new BudaoError('internal', 'no_principal', 'A public route asked who is calling.');
      }
      return principal;
    },
  });
  app.addHook('onRoute', (route) => {
    const { public: isPublic, role } = route.config ?? {};
    if (isPublic === true ? role === undefined : role !== undefined && ROLES.includes(role)) return;
    const name = `${String(route.method)} ${route.url}`;
    throw new Error(
      `The route ${name} must have exactly one of config.public and config.role (${ROLES.join(', ')}).`,
    );
  });
  app.addHook('onRequest', async (request) => {
    const { public: isPublic, role, operator: isForOperators } = request.routeOptions.config;
    if (isPublic === true || request.is404) return;
    if (role === undefined) {
      throw new BudaoError('internal', 'route_without_role', 'This route was registered before its guard.');
    }
    const principal = await options.access.authenticate(request.headers);
    requireRole(principal, role);
    if (isForOperators === true) requireOperator(principal);
    (request as Identified)[PRINCIPAL] = principal;
  });
}

// Fastify's mark of a plugin whose hooks hold for the instance that registers it, not only for its own scope.
Object.assign(accessPlugin, { [Symbol.for('skip-override')]: true });
