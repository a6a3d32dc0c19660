import { ROLES, type Role } from '../../access/principal.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';

/** @throws CliError role_invalid */
export function requireRole(text: string, messages: Messages): Role {
  const role = ROLES.find((one) => one === text);
  if (role !== undefined) return role;
  throw new CliError(EXIT.usage, 'role_invalid', messages.errors.roleInvalid(text, ROLES.join(', ')));
}
