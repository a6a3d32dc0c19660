import type { Role } from '../../access/principal.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { connect } from '../service/locate.ts';
import { readPages } from '../service/pages.ts';
import { requireRole } from '../service/require-role.ts';
import { formatTime } from '../terminal/format-time.ts';
import type { AddCommand } from './add-command.ts';

const MAX_DAYS = 3_650;

interface KeyObject {
  id: string;
  name: string;
  role: Role;
  operator: boolean;
  hint: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  /** The key itself, only when it is made. */
  key?: string;
}

interface CreateOptions {
  role: string;
  operator?: boolean;
  expiresInDays?: string;
}

export const addKeysCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.keys;
  const keys = program.command('keys').description(t.description);
  keys.addHelpText('after', messages.example('budao keys create "nightly import" --role editor'));
  keys
    .command('list')
    .description(t.list)
    .addHelpText('after', messages.example('budao keys list'))
    .action(action(list));
  keys
    .command('create')
    .description(t.create)
    .argument('<name>', t.name)
    .option('--role <role>', t.roleOption, 'reader')
    .option('--operator', t.operator)
    .option('--expires-in-days <days>', t.expires)
    .addHelpText(
      'after',
      messages.example('budao keys create "nightly import" --role editor --expires-in-days 90'),
    )
    .action(action((context, [name, options]) => create(context, name as string, options as CreateOptions)));
  keys
    .command('revoke')
    .description(t.revoke)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao keys revoke key_…'))
    .action(action((context, [id]) => revoke(context, id as string)));
};

async function list(context: CliContext): Promise<ExitCode> {
  await using client = await connect(context);
  const keys = await Array.fromAsync(readPages<KeyObject>(client, '/ops/keys'));
  context.terminal.result({ data: keys }, () => keysTable(context, keys));
  return EXIT.ok;
}

async function create(context: CliContext, name: string, options: CreateOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const role = requireRole(options.role, messages);
  const days = options.expiresInDays === undefined ? null : Number(options.expiresInDays);
  if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= MAX_DAYS)) {
    throw new CliError(
      EXIT.usage,
      'days_invalid',
      messages.errors.numberInvalid('--expires-in-days', 1, MAX_DAYS),
    );
  }
  await using client = await connect(context);
  const key = await client.json<KeyObject>('POST', '/ops/keys', {
    name,
    role,
    ...(options.operator === true ? { operator: true } : {}),
    ...(days === null ? {} : { expires_in_days: days }),
  });
  terminal.result(key, () => {
    const once = `\n${messages.keys.shownOnce(terminal.bold(key.key ?? ''))}\n`;
    return keysTable(context, [key]) + once;
  });
  return EXIT.ok;
}

async function revoke(context: CliContext, id: string): Promise<ExitCode> {
  await using client = await connect(context);
  const answer = await client.json('DELETE', `/ops/keys/${encodeURIComponent(id)}`);
  context.terminal.result(answer, () => `${context.messages.keys.revoked(id)}\n`);
  return EXIT.ok;
}

function keysTable({ messages, terminal }: CliContext, keys: readonly KeyObject[]): string {
  const t = messages.keys;
  const columns = [
    { title: t.id },
    { title: t.nameTitle, mayCut: true },
    { title: t.role },
    { title: t.hint },
    { title: t.created },
    { title: t.until },
  ];
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.operator ? `${messages.roles[key.role]}, ${messages.users.operatorMark}` : messages.roles[key.role],
    key.hint,
    formatTime(key.created_at),
    key.revoked_at === null ? formatTime(key.expires_at) : t.revokedAt(formatTime(key.revoked_at)),
  ]);
  return terminal.table(columns, rows);
}
