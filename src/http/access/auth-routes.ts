import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import type { Account, Membership } from '../../access/account-rows.ts';
import type { SignedIn } from '../../access/sign-in.ts';
import { BudaoError } from '../../contract/errors.ts';
import { MeReply, SignedInReply } from '../../contract/replies/administration.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Operation } from '../foundation/operation.ts';
import { validateForm } from '../foundation/validate.ts';
import { MAX_PUBLIC_BODY_BYTES } from '../limits.ts';
import { requireSameOrigin } from './same-origin.ts';

const tag = 'Signing in';
const open = (operation: Omit<Operation, 'tag'>) =>
  ({ config: { public: true, operation: { ...operation, tag } }, bodyLimit: MAX_PUBLIC_BODY_BYTES }) as const;
const COOKIE = 'budao_refresh';
const COOKIE_PATH = '/auth';
/** Longer than any password that is accepted, so that the rules themselves can say so. */
const MAX_PASSWORD_BYTES = 1_024;

const Credentials = z.strictObject({
  username: z.string().min(1).max(256),
  password: z.string().min(1).max(MAX_PASSWORD_BYTES),
});
const PasswordChange = z.strictObject({
  current_password: z.string().min(1).max(MAX_PASSWORD_BYTES),
  new_password: z.string().min(1).max(MAX_PASSWORD_BYTES),
});

export async function authRoutes(
  app: FastifyInstance,
  options: { access: Access; now?: () => number },
): Promise<void> {
  const { access, now = ledgerTime } = options;
  const { signIn } = access;

  const answer = (request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn) => {
    reply.setCookie(COOKIE, signedIn.refreshToken, {
      ...cookieOptions(request),
      maxAge: Math.max(0, Math.floor((signedIn.refreshExpiresAt - now()) / 1_000)),
    });
    reply.header('Cache-Control', 'no-store');
    return {
      access_token: signedIn.accessToken,
      token_type: 'Bearer',
      expires_in: signedIn.expiresInSeconds,
      account: accountJson(signedIn.account),
      workspaces: signedIn.memberships.map(workspaceJson),
    };
  };

  app.post(
    '/auth/sign-in',
    open({ summary: 'Sign in with a password', answer: SignedInReply, body: Credentials }),
    async (request, reply) => {
      const credentials = validateForm(Credentials, request.body);
      return answer(request, reply, await signIn.signIn({ ...credentials, address: request.ip }));
    },
  );

  app.post(
    '/auth/refresh',
    open({ summary: 'Go on being signed in, by the cookie', answer: SignedInReply }),
    async (request, reply) => {
      requireSameOrigin(request);
      const refreshToken = request.cookies[COOKIE];
      if (refreshToken === undefined) throw notSignedIn();
      try {
        return answer(request, reply, await signIn.refresh(refreshToken));
      } catch (error) {
        // A passing failure, such as a busy ledger, must not sign anybody out.
        if (error instanceof BudaoError && error.code === 'session_ended') {
          reply.clearCookie(COOKIE, cookieOptions(request));
        }
        throw error;
      }
    },
  );

  app.post('/auth/sign-out', open({ summary: 'Sign out', status: 204 }), async (request, reply) => {
    requireSameOrigin(request);
    const refreshToken = request.cookies[COOKIE];
    if (refreshToken !== undefined) await signIn.signOut(refreshToken);
    else if (request.headers.authorization !== undefined) {
      await signIn.endSession(await access.authenticate(request.headers));
    }
    reply.clearCookie(COOKIE, cookieOptions(request));
    return reply.code(204).send();
  });

  app.get(
    '/auth/me',
    { config: { role: 'reader', operation: { summary: 'Who is asking', answer: MeReply, tag } } },
    async (request) => {
      const { principal } = request;
      const { account, memberships } = await signIn.describe(principal);
      const current = memberships.find((one) => one.workspaceId === principal.workspaceId);
      return {
        account: account === null ? null : accountJson(account),
        workspaces: memberships.map(workspaceJson),
        workspace: { id: principal.workspaceId, name: current?.workspaceName ?? '' },
        role: principal.role,
        operator: principal.isOperator,
      };
    },
  );

  app.post(
    '/auth/password',
    {
      config: {
        role: 'reader',
        operation: { summary: 'Change the password', tag, body: PasswordChange, status: 204 },
      },
    },
    async (request, reply) => {
      const change = validateForm(PasswordChange, request.body);
      await signIn.changePassword(request.principal, {
        current: change.current_password,
        next: change.new_password,
        address: request.ip,
      });
      return reply.code(204).send();
    },
  );
}

function cookieOptions(request: FastifyRequest) {
  return {
    path: COOKIE_PATH,
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
  } as const;
}

export function accountJson(account: Account) {
  return {
    id: account.id,
    username: account.username,
    display_name: account.displayName,
    operator: account.isOperator,
    must_change_password: account.mustChangePassword,
  };
}

function workspaceJson(membership: Membership) {
  return { id: membership.workspaceId, name: membership.workspaceName, role: membership.role };
}

function notSignedIn(): BudaoError {
  return new BudaoError('unauthenticated', 'session_ended', 'You are not signed in. Sign in first.');
}
