import { BudaoError } from '../contract/errors.ts';

/** From the least to the most: a role may do whatever those before it may. */
export const ROLES = ['reader', 'editor', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Who is asking, in which workspace, and what they may do there. */
export interface Principal {
  /** Null for a key that was made without an account, such as the bootstrap key. */
  accountId: string | null;
  /** Null for a session. */
  keyId: string | null;
  workspaceId: string;
  role: Role;
  /** May change what all workspaces share, whichever of them the request is in. */
  isOperator: boolean;
  kind: 'session' | 'key';
  /** Present when `kind` is `session`. */
  sessionId?: string;
}

export function isAtLeast(role: Role, minimum: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(minimum);
}

export function lowerRole(one: Role, other: Role): Role {
  return isAtLeast(one, other) ? other : one;
}

/** @throws BudaoError operator_required */
export function requireOperator({ isOperator }: Pick<Principal, 'isOperator'>): void {
  if (isOperator) return;
  throw new BudaoError(
    'forbidden',
    'operator_required',
    'This concerns all workspaces of the installation, and needs an operator. Ask one to do it, or to make you one.',
  );
}

/** @throws BudaoError insufficient_role */
export function requireRole(principal: Pick<Principal, 'role' | 'kind'>, minimum: Role): void {
  if (isAtLeast(principal.role, minimum)) return;
  const holder = principal.kind === 'key' ? 'This API key' : 'Your account';
  throw new BudaoError(
    'forbidden',
    'insufficient_role',
    `${holder} has the role '${principal.role}' in this workspace, and this needs '${minimum}'. ` +
      'Ask an owner of the workspace to do it or to change the role.',
  );
}
