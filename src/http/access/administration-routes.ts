import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import type { Membership } from '../../access/account-rows.ts';
import type { ApiKey } from '../../access/keys.ts';
import type { Person, PersonChange } from '../../access/people.ts';
import { ROLES } from '../../access/principal.ts';
import { LESSER_MODES, type LesserMode } from '../../contract/answer.ts';
import { Line } from '../../contract/openai/common.ts';
import { KeyReply, PersonReply, WorkspaceReply } from '../../contract/replies/administration.ts';
import { deletionOf, wholeListOf } from '../../contract/replies/common.ts';
import { type WorkspaceLimits, WorkspaceLimitsChange } from '../../contract/workspace-limits.ts';
import type { Operation } from '../foundation/operation.ts';
import { validateForm } from '../foundation/validate.ts';

/** Routes of this file are for owners; each says what it does. */
const owner = (operation: Omit<Operation, 'tag'>) =>
  ({ config: { role: 'owner', operation: { ...operation, tag: 'Administration' } } }) as const;
const Id = z.strictObject({ id: z.string().min(1).max(128) });
const Name = Line.trim().min(1).max(200);
/** The rules for good passwords say more than a schema could. */
const Password = z.string().min(1).max(1_024);
const AnyRole = z.enum(ROLES);

const NewPersonBody = z.strictObject({
  username: z.string().min(1).max(256),
  display_name: Name.optional(),
  password: Password.optional(),
  role: AnyRole,
});
const PersonChangeBody = z.strictObject({
  username: z.string().min(1).max(256).optional(),
  display_name: Name.optional(),
  password: Password.optional(),
  /** Generates a new password and returns it. */
  reset_password: z.literal(true).optional(),
  role: AnyRole.optional(),
  disabled: z.boolean().optional(),
  /** Of the whole installation; for operators to give and to take. */
  operator: z.boolean().optional(),
});
const NewKeyBody = z.strictObject({
  name: Name,
  role: AnyRole,
  /** Whether the key may do what its maker may as an operator. */
  operator: z.boolean().optional(),
  expires_in_days: z.int().min(1).max(3_650).nullish(),
});
const WorkspaceBody = z.strictObject({ name: Name });
const WorkspaceChangeBody = z.strictObject({
  name: Name.optional(),
  /** The lesser modes in which answers may be given; null for all. */
  allowed_modes: z.array(z.enum(LESSER_MODES)).max(LESSER_MODES.length).nullish(),
  /** A limit that is null goes back to its default; one that is not named stays. */
  limits: WorkspaceLimitsChange.optional(),
});

export async function administrationRoutes(app: FastifyInstance, options: { access: Access }): Promise<void> {
  await app.register(peopleRoutes, options);
  await app.register(keyRoutes, options);
  await app.register(workspaceRoutes, options);
}

async function peopleRoutes(app: FastifyInstance, { access }: { access: Access }): Promise<void> {
  const { people } = access;

  app.get(
    '/ops/users',
    owner({ summary: 'List the people', answer: wholeListOf(PersonReply) }),
    async (request) => list((await people.list(request.principal.workspaceId)).map(personJson)),
  );

  app.post(
    '/ops/users',
    owner({ summary: 'Add a person', answer: PersonReply, body: NewPersonBody, status: 201 }),
    async (request, reply) => {
      const body = validateForm(NewPersonBody, request.body);
      const { person, generatedPassword } = await people.add(request.principal, {
        username: body.username,
        displayName: body.display_name ?? body.username.trim(),
        role: body.role,
        password: body.password ?? null,
      });
      reply.code(201).header('Cache-Control', 'no-store');
      return {
        ...personJson(person),
        ...(generatedPassword === null ? {} : { password: generatedPassword }),
      };
    },
  );

  app.patch(
    '/ops/users/:id',
    owner({ summary: 'Change a person', answer: PersonReply, body: PersonChangeBody }),
    async (request, reply) => {
      const { id } = validateForm(Id, request.params);
      const body = validateForm(PersonChangeBody, request.body);
      const password = body.reset_password === true ? null : body.password;
      const change: PersonChange = {
        ...(body.username === undefined ? {} : { username: body.username }),
        ...(body.display_name === undefined ? {} : { displayName: body.display_name }),
        ...(body.role === undefined ? {} : { role: body.role }),
        ...(body.disabled === undefined ? {} : { disabled: body.disabled }),
        ...(body.operator === undefined ? {} : { operator: body.operator }),
        ...(password === undefined ? {} : { password }),
      };
      const { person, generatedPassword } = await people.update(request.principal, id, change);
      reply.header('Cache-Control', 'no-store');
      return {
        ...personJson(person),
        ...(generatedPassword === null ? {} : { password: generatedPassword }),
      };
    },
  );

  app.delete(
    '/ops/users/:id',
    owner({ summary: 'Remove a person', answer: deletionOf('user') }),
    async (request) => {
      const { id } = validateForm(Id, request.params);
      await people.remove(request.principal, id);
      return { id, object: 'user', deleted: true };
    },
  );
}

async function keyRoutes(app: FastifyInstance, { access }: { access: Access }): Promise<void> {
  const { keys } = access;

  app.get(
    '/ops/keys',
    owner({ summary: 'List the API keys', answer: wholeListOf(KeyReply) }),
    async (request) => list((await keys.list(request.principal.workspaceId)).map(keyJson)),
  );

  app.post(
    '/ops/keys',
    owner({ summary: 'Make an API key, shown once', answer: KeyReply, body: NewKeyBody, status: 201 }),
    async (request, reply) => {
      const body = validateForm(NewKeyBody, request.body);
      const { key, secret } = await keys.create(request.principal, {
        name: body.name,
        role: body.role,
        isOperator: body.operator === true,
        expiresInDays: body.expires_in_days ?? null,
      });
      reply.code(201).header('Cache-Control', 'no-store');
      return { ...keyJson(key), key: secret };
    },
  );

  app.delete(
    '/ops/keys/:id',
    owner({ summary: 'Revoke an API key', answer: deletionOf('api_key') }),
    async (request) => {
      const { id } = validateForm(Id, request.params);
      await keys.revoke(request.principal.workspaceId, id);
      return { id, object: 'api_key', deleted: true };
    },
  );
}

async function workspaceRoutes(app: FastifyInstance, { access }: { access: Access }): Promise<void> {
  const { workspaces } = access;
  const json = async (membership: Membership) =>
    workspaceJson(membership, {
      allowedModes: await workspaces.allowedModes(membership.workspaceId),
      limits: await workspaces.limits(membership.workspaceId),
    });

  app.get(
    '/ops/workspaces',
    owner({ summary: 'List the workspaces', answer: wholeListOf(WorkspaceReply) }),
    async (request) => list(await Promise.all((await workspaces.list(request.principal)).map(json))),
  );

  app.post(
    '/ops/workspaces',
    owner({ summary: 'Make a workspace', answer: WorkspaceReply, body: WorkspaceBody, status: 201 }),
    async (request, reply) => {
      const { name } = validateForm(WorkspaceBody, request.body);
      reply.code(201);
      return json(await workspaces.create(request.principal, name));
    },
  );

  app.patch(
    '/ops/workspaces/:id',
    owner({ summary: 'Change a workspace', answer: WorkspaceReply, body: WorkspaceChangeBody }),
    async (request) => {
      const { id } = validateForm(Id, request.params);
      const { name, allowed_modes: allowedModes, limits } = validateForm(WorkspaceChangeBody, request.body);
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(allowedModes === undefined ? {} : { allowedModes }),
        ...(limits === undefined ? {} : { limits }),
      };
      return json(await workspaces.update(request.principal, id, change));
    },
  );
}

function unixSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}

function list<Item>(items: Item[]) {
  return { object: 'list', data: items, has_more: false };
}

function personJson(person: Person) {
  return {
    id: person.id,
    object: 'user',
    username: person.username,
    display_name: person.displayName,
    role: person.role,
    operator: person.isOperator,
    disabled: person.disabled,
    must_change_password: person.mustChangePassword,
    created_at: unixSeconds(person.createdAt),
  };
}

function keyJson(key: ApiKey) {
  return {
    id: key.id,
    object: 'api_key',
    name: key.name,
    role: key.role,
    operator: key.isOperator,
    hint: key.hint,
    account_id: key.accountId,
    created_at: unixSeconds(key.createdAt),
    expires_at: key.expiresAt === null ? null : unixSeconds(key.expiresAt),
    revoked_at: key.revokedAt === null ? null : unixSeconds(key.revokedAt),
  };
}

function workspaceJson(
  membership: Membership,
  { allowedModes, limits }: { allowedModes: readonly LesserMode[] | null; limits: WorkspaceLimits },
) {
  return {
    id: membership.workspaceId,
    object: 'workspace',
    name: membership.workspaceName,
    allowed_modes: allowedModes ?? LESSER_MODES,
    limits,
    role: membership.role,
    created_at: unixSeconds(membership.createdAt),
  };
}
