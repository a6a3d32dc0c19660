import { LESSER_MODES } from '../../contract/answer.ts';
import {
  WORKSPACE_LIMITS,
  type WorkspaceLimit,
  type WorkspaceLimits,
} from '../../contract/workspace-limits.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { connect } from '../service/locate.ts';
import type { AddCommand } from './add-command.ts';

interface WorkspaceObject {
  id: string;
  name: string;
  role: string;
  limits: WorkspaceLimits;
  allowed_modes: string[];
}

const LIMITS = Object.keys(WORKSPACE_LIMITS) as WorkspaceLimit[];

export const addWorkspacesCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.workspaces;
  const workspaces = program.command('workspaces').description(t.description);
  workspaces.addHelpText('after', messages.example('budao workspaces limit ws_… running_answers=50'));
  workspaces
    .command('list')
    .description(t.list)
    .addHelpText('after', messages.example('budao workspaces list'))
    .action(action(list));
  workspaces
    .command('limit')
    .description(t.limit)
    .argument('<workspace>', t.id)
    .argument('<limits...>', t.limits(LIMITS.join(', ')))
    .addHelpText(
      'after',
      messages.example('budao workspaces limit ws_… queued_answers=100 requests_per_minute=default'),
    )
    .action(
      action((context, [workspace, limits]) => limit(context, workspace as string, limits as string[])),
    );
  workspaces
    .command('modes')
    .description(t.modes)
    .argument('<workspace>', t.id)
    .argument('<modes...>', t.allowed(LESSER_MODES.join(', ')))
    .addHelpText('after', messages.example('budao workspaces modes ws_… fallback-model keyword-only'))
    .action(
      action((context, [workspace, modes]) => allowModes(context, workspace as string, modes as string[])),
    );
};

async function list(context: CliContext): Promise<ExitCode> {
  await using client = await connect(context);
  const { data } = await client.json<{ data: WorkspaceObject[] }>('GET', '/ops/workspaces');
  context.terminal.result({ data }, () => workspacesTable(context, data));
  return EXIT.ok;
}

async function limit(context: CliContext, id: string, assignments: readonly string[]): Promise<ExitCode> {
  const limits = Object.fromEntries(assignments.map((assignment) => readLimit(context, assignment)));
  await using client = await connect(context);
  const path = `/ops/workspaces/${encodeURIComponent(id)}`;
  const workspace = await client.json<WorkspaceObject>('PATCH', path, { limits });
  context.terminal.result(workspace, () => workspacesTable(context, [workspace]));
  return EXIT.ok;
}

/** `all`, `none`, or their names. */
async function allowModes(context: CliContext, id: string, names: readonly string[]): Promise<ExitCode> {
  const { messages, terminal } = context;
  const [only] = names.length === 1 ? names : [];
  const unknown = names.find((name) => !(LESSER_MODES as readonly string[]).includes(name));
  if (unknown !== undefined && only !== 'all' && only !== 'none') {
    const message = messages.workspaces.modeUnknown(unknown, LESSER_MODES.join(', '));
    throw new CliError(EXIT.usage, 'mode_unknown', message);
  }
  const allowed = only === 'all' ? null : only === 'none' ? [] : names;
  await using client = await connect(context);
  const path = `/ops/workspaces/${encodeURIComponent(id)}`;
  const workspace = await client.json<WorkspaceObject>('PATCH', path, { allowed_modes: allowed });
  terminal.result(workspace, () =>
    terminal.facts([[messages.workspaces.modesTitle, ['full', ...workspace.allowed_modes].join(', ')]]),
  );
  return EXIT.ok;
}

/** `name=number`, or `name=default`. */
function readLimit({ messages }: CliContext, assignment: string): [WorkspaceLimit, number | null] {
  const [name = '', value = ''] = assignment.split('=', 2);
  const known = LIMITS.find((one) => one === name);
  if (known === undefined) {
    throw new CliError(
      EXIT.usage,
      'limit_unknown',
      messages.workspaces.unknown(assignment, LIMITS.join(', ')),
    );
  }
  if (value === 'default') return [known, null];
  const { max } = WORKSPACE_LIMITS[known];
  if (!/^\d{1,9}$/.test(value) || Number(value) < 1 || Number(value) > max) {
    throw new CliError(EXIT.usage, 'number_invalid', messages.errors.numberInvalid(known, 1, max));
  }
  return [known, Number(value)];
}

function workspacesTable({ messages, terminal }: CliContext, workspaces: readonly WorkspaceObject[]): string {
  const t = messages.workspaces;
  const columns = [
    { title: t.idTitle },
    { title: t.nameTitle, mayCut: true },
    { title: t.limitTitle },
    { title: t.value },
  ];
  const rows = workspaces.flatMap(({ id, name, limits }) =>
    LIMITS.map((one, index) => [index === 0 ? id : '', index === 0 ? name : '', one, String(limits[one])]),
  );
  return terminal.table(columns, rows);
}
