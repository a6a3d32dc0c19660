import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';
import type { ServiceClient } from '../service/client.ts';
import { connect } from '../service/locate.ts';
import { formatTime } from '../terminal/format-time.ts';
import { oneLine } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

const MAX_LISTED = 100;
const MAX_SILENCE_MINUTES = 43_200;

interface AlertObject {
  id: string;
  rule: string;
  subject: string;
  severity: keyof Messages['alerts']['severity'];
  state: 'firing' | 'resolved';
  text: Record<'en' | 'zh', { title: string; advice: string }>;
  fired_at: number;
  resolved_at: number | null;
  acknowledged_at: number | null;
}

interface RuleObject {
  id: string;
  layer: keyof Messages['alerts']['layer'];
  severity: AlertObject['severity'];
  text: AlertObject['text'];
  silenced_until: number | null;
}

interface ChannelObject {
  id: string;
  kind: string;
  name: string;
  min_severity: AlertObject['severity'];
  language: string;
  disabled: boolean;
}

interface MessageObject {
  id: string;
  channel_id: string;
  status: keyof Messages['runs']['status'];
  failure: { code: string; message: string } | null;
}

export const addAlertsCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.alerts;
  const alerts = program.command('alerts').description(t.description);
  alerts.addHelpText('after', messages.example('budao alerts list', 'budao alerts test'));
  alerts
    .command('list')
    .description(t.list)
    .option('--all', t.all)
    .addHelpText('after', messages.example('budao alerts list --all --json'))
    .action(action((context, [options]) => list(context, (options as { all?: boolean }).all === true)));
  alerts
    .command('ack')
    .description(t.ack)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao alerts ack alert_…'))
    .action(action((context, [id]) => acknowledge(context, id as string)));
  alerts
    .command('rules')
    .description(t.rules)
    .addHelpText('after', messages.example('budao alerts rules'))
    .action(action(rules));
  alerts
    .command('silence')
    .description(t.silence)
    .argument('<rule>', t.rule)
    .option('--minutes <minutes>', t.minutes, '60')
    .addHelpText('after', messages.example('budao alerts silence cpu-high --minutes 120'))
    .action(
      action((context, [rule, options]) =>
        silence(context, rule as string, (options as { minutes: string }).minutes),
      ),
    );
  alerts
    .command('channels')
    .description(t.channels)
    .addHelpText('after', messages.example('budao alerts channels'))
    .action(action(channels));
  alerts
    .command('test')
    .description(t.test)
    .argument('[channel]', t.channel)
    .addHelpText('after', messages.example('budao alerts test', 'budao alerts test chan_…'))
    .action(action((context, [channel]) => test(context, channel as string | undefined)));
};

async function list(context: CliContext, isAll: boolean): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.alerts;
  await using client = await connect(context);
  const query = new URLSearchParams({ limit: String(MAX_LISTED), ...(isAll ? {} : { state: 'firing' }) });
  const page = await client.json<{ data: AlertObject[] }>('GET', `/ops/alerts?${query}`);
  terminal.result(page, () => {
    if (page.data.length === 0) return `${isAll ? t.never : t.none}\n`;
    const columns = [
      { title: t.idTitle },
      { title: t.severityTitle },
      { title: t.what, mayCut: true },
      { title: t.about },
      { title: t.since },
      { title: t.over },
    ];
    const rows = page.data.map((alert) => [
      alert.id,
      t.severity[alert.severity],
      alert.text[t.language].title,
      alert.subject,
      formatTime(alert.fired_at),
      alert.resolved_at === null
        ? alert.acknowledged_at === null
          ? t.lasts
          : t.lookedAfter
        : formatTime(alert.resolved_at),
    ]);
    return terminal.table(columns, rows);
  });
  return page.data.some((alert) => alert.state === 'firing') ? EXIT.failed : EXIT.ok;
}

async function acknowledge(context: CliContext, id: string): Promise<ExitCode> {
  await using client = await connect(context);
  const alert = await client.json<AlertObject>('POST', `/ops/alerts/${encodeURIComponent(id)}/acknowledge`);
  context.terminal.result(alert, () => `${context.messages.alerts.acknowledged(id)}\n`);
  return EXIT.ok;
}

async function rules(context: CliContext): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.alerts;
  await using client = await connect(context);
  const page = await client.json<{ data: RuleObject[] }>('GET', '/ops/alerts/rules');
  terminal.result(page, () => {
    const columns = [
      { title: t.ruleTitle },
      { title: t.layerTitle },
      { title: t.severityTitle },
      { title: t.what, mayCut: true },
      { title: t.silencedUntil },
    ];
    const rows = page.data.map((rule) => [
      rule.id,
      t.layer[rule.layer],
      t.severity[rule.severity],
      rule.text[t.language].title,
      rule.silenced_until === null ? '' : formatTime(rule.silenced_until),
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}

async function silence(context: CliContext, rule: string, given: string): Promise<ExitCode> {
  const { messages, terminal } = context;
  const minutes = Number(given);
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > MAX_SILENCE_MINUTES) {
    const message = messages.errors.numberInvalid('--minutes', 0, MAX_SILENCE_MINUTES);
    throw new CliError(EXIT.usage, 'minutes_invalid', message);
  }
  await using client = await connect(context);
  const path = `/ops/alerts/rules/${encodeURIComponent(rule)}/silence`;
  const now =
    minutes === 0
      ? await client.json<RuleObject>('DELETE', path)
      : await client.json<RuleObject>('POST', path, { seconds: minutes * 60 });
  terminal.result(now, () => {
    const until = now.silenced_until;
    return `${until === null ? messages.alerts.speaks(rule) : messages.alerts.silenced(rule, formatTime(until))}\n`;
  });
  return EXIT.ok;
}

async function channels(context: CliContext): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.alerts;
  await using client = await connect(context);
  const data = await readChannels(client);
  terminal.result({ data }, () => {
    if (data.length === 0) return `${t.noChannels}\n`;
    const columns = [
      { title: t.idTitle },
      { title: t.kindTitle },
      { title: t.nameTitle, mayCut: true },
      { title: t.fromSeverity },
      { title: t.languageTitle },
      { title: t.stateTitle },
    ];
    const rows = data.map((channel) => [
      channel.id,
      channel.kind,
      channel.name,
      t.severity[channel.min_severity],
      channel.language,
      channel.disabled ? t.disabled : t.enabled,
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}

/** Without a channel all of them are tried, one after another. */
async function test(context: CliContext, wanted: string | undefined): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.alerts;
  await using client = await connect(context);
  const known = await readChannels(client);
  if (wanted === undefined && known.length === 0) {
    throw new CliError(EXIT.failed, 'no_alert_channel', t.noChannels);
  }
  const ids = wanted === undefined ? known.map(({ id }) => id) : [wanted];
  const sent: MessageObject[] = [];
  for (const id of ids) {
    sent.push(
      await client.json<MessageObject>('POST', `/ops/alerts/channels/${encodeURIComponent(id)}/test`),
    );
  }
  terminal.result({ data: sent }, () =>
    sent
      .map(({ channel_id: id, status, failure }) => {
        const name = oneLine(known.find((channel) => channel.id === id)?.name ?? id);
        if (status === 'completed') return `${terminal.green(t.sent)}  ${name}\n`;
        const why = oneLine(failure?.message ?? messages.runs.status[status]);
        return `${terminal.red(t.notSent)}  ${name}  ${why}\n`;
      })
      .join(''),
  );
  return sent.every(({ status }) => status === 'completed') ? EXIT.ok : EXIT.failed;
}

async function readChannels(client: ServiceClient): Promise<ChannelObject[]> {
  return (await client.json<{ data: ChannelObject[] }>('GET', '/ops/alerts/channels')).data;
}
