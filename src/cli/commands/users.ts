import { text as readAll } from 'node:stream/consumers';
import { ROLES, type Role } from '../../access/principal.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { ServiceClient } from '../service/client.ts';
import { connect } from '../service/locate.ts';
import { readPages } from '../service/pages.ts';
import { requireRole } from '../service/require-role.ts';
import { formatTime } from '../terminal/format-time.ts';
import type { AddCommand } from './add-command.ts';

interface UserObject {
  id: string;
  username: string;
  display_name: string;
  role: Role;
  operator: boolean;
  disabled: boolean;
  must_change_password: boolean;
  created_at: number;
  /** Only where one was generated, and only this once. */
  password?: string;
}

interface AddOptions {
  role: string;
  displayName?: string;
  passwordStdin?: boolean;
}

export const addUsersCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.users;
  const roles = ROLES.join(', ');
  const users = program.command('users').description(t.description);
  users.addHelpText('after', messages.example('budao users add lihua --role editor --display-name 李华'));
  users
    .command('list')
    .description(t.list)
    .addHelpText('after', messages.example('budao users list'))
    .action(action(list));
  users
    .command('add')
    .description(t.add)
    .argument('<username>', t.username)
    .option('--role <role>', t.roleOption(roles), 'reader')
    .option('--display-name <name>', t.displayName)
    .option('--password-stdin', t.passwordStdin)
    .addHelpText('after', messages.example('budao users add lihua --role editor'))
    .action(action((context, [name, options]) => add(context, name as string, options as AddOptions)));
  users
    .command('set-role')
    .description(t.setRole)
    .argument('<user>', t.user)
    .argument('<role>', roles)
    .addHelpText('after', messages.example('budao users set-role lihua owner'))
    .action(
      action(async (context, [user, role]) =>
        change(context, user as string, { role: requireRole(role as string, context.messages) }),
      ),
    );
  users
    .command('operator')
    .description(t.operator)
    .argument('<user>', t.user)
    .option('--undo', t.operatorUndo)
    .addHelpText('after', messages.example('budao users operator lihua'))
    .action(
      action((context, [user, options]) =>
        change(context, user as string, { operator: (options as { undo?: boolean }).undo !== true }),
      ),
    );
  users
    .command('disable')
    .description(t.disable)
    .argument('<user>', t.user)
    .option('--undo', t.undo)
    .addHelpText('after', messages.example('budao users disable lihua'))
    .action(
      action((context, [user, options]) =>
        change(context, user as string, { disabled: (options as { undo?: boolean }).undo !== true }),
      ),
    );
  users
    .command('reset-password')
    .description(t.resetPassword)
    .argument('<user>', t.user)
    .addHelpText('after', messages.example('budao users reset-password lihua'))
    .action(action((context, [user]) => change(context, user as string, { reset_password: true })));
};

async function list(context: CliContext): Promise<ExitCode> {
  await using client = await connect(context);
  const users = await Array.fromAsync(readUsers(client));
  context.terminal.result({ data: users }, () => usersTable(context, users));
  return EXIT.ok;
}

async function add(context: CliContext, username: string, options: AddOptions): Promise<ExitCode> {
  const role = requireRole(options.role, context.messages);
  const password =
    options.passwordStdin === true ? (await readAll(process.stdin)).replace(/\r?\n$/, '') : undefined;
  await using client = await connect(context);
  const user = await client.json<UserObject>('POST', '/ops/users', {
    username,
    role,
    ...(options.displayName === undefined ? {} : { display_name: options.displayName }),
    ...(password === undefined ? {} : { password }),
  });
  show(context, user);
  return EXIT.ok;
}

async function change(context: CliContext, idOrName: string, body: object): Promise<ExitCode> {
  await using client = await connect(context);
  const { id } = await requireUser(context, client, idOrName);
  const user = await client.json<UserObject>('PATCH', `/ops/users/${encodeURIComponent(id)}`, body);
  show(context, user);
  return EXIT.ok;
}

async function requireUser(
  { messages }: CliContext,
  client: ServiceClient,
  idOrName: string,
): Promise<UserObject> {
  const wanted = idOrName.normalize('NFKC').toLowerCase();
  for await (const user of readUsers(client)) {
    if (user.id === idOrName || user.username.normalize('NFKC').toLowerCase() === wanted) return user;
  }
  throw new CliError(EXIT.refused, 'user_not_found', messages.errors.userNotFound(idOrName), {
    hint: 'budao users list',
  });
}

function readUsers(client: ServiceClient): AsyncGenerator<UserObject> {
  return readPages<UserObject>(client, '/ops/users');
}

function show(context: CliContext, user: UserObject): void {
  const { messages, terminal } = context;
  terminal.result(user, () => {
    const password =
      user.password === undefined ? '' : `\n${messages.users.password(terminal.bold(user.password))}\n`;
    return usersTable(context, [user]) + password;
  });
}

function usersTable({ messages, terminal }: CliContext, users: readonly UserObject[]): string {
  const t = messages.users;
  const columns = [
    { title: t.usernameTitle },
    { title: t.displayNameTitle, mayCut: true },
    { title: t.role },
    { title: t.state },
    { title: t.created },
    { title: t.id },
  ];
  const rows = users.map((user) => [
    user.username,
    user.display_name,
    user.operator ? `${messages.roles[user.role]}, ${t.operatorMark}` : messages.roles[user.role],
    user.disabled ? t.disabled : user.must_change_password ? t.mustChange : t.active,
    formatTime(user.created_at),
    user.id,
  ]);
  return terminal.table(columns, rows);
}
