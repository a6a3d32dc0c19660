import type { SearchResultObject } from '../../contract/openai/vector-stores.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { parseAttributes } from '../service/attributes.ts';
import { requireKnowledgeBase } from '../service/knowledge-bases.ts';
import { connect } from '../service/locate.ts';
import { placeOf } from '../service/place.ts';
import { fitToWidth } from '../terminal/display-width.ts';
import { oneLine } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

const MAX_RESULTS = 50;
const EXCERPT_COLUMNS = 160;
const INDENT = '      ';

interface SearchOptions {
  kb?: string;
  limit: string;
  attribute: string[];
}

interface SearchPage {
  data: SearchResultObject[];
  mode: 'full' | 'keyword-only';
  mode_reason: string | null;
}

export const addSearchCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.search;
  program
    .command('search')
    .description(t.description)
    .argument('<query>', t.query)
    .option('--kb <id|name>', t.kb)
    .option('--limit <number>', t.limit, '10')
    .option('--attribute <key=value>', t.attribute, (pair: string, all: string[]) => [...all, pair], [])
    .addHelpText('after', messages.example('budao search "annual leave" --limit 5'))
    .action(
      action((context, [query, options]) => search(context, query as string, options as SearchOptions)),
    );
};

async function search(context: CliContext, query: string, options: SearchOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_RESULTS) {
    throw new CliError(EXIT.usage, 'limit_invalid', messages.errors.numberInvalid('--limit', 1, MAX_RESULTS));
  }
  const filters = Object.entries(parseAttributes(options.attribute, messages)).map(([key, value]) => ({
    type: 'eq',
    key,
    value,
  }));
  await using client = await connect(context);
  const base = await requireKnowledgeBase(client, messages, options.kb);
  const page = await client.json<SearchPage>('POST', `/v1/vector_stores/${base.id}/search`, {
    query,
    max_num_results: limit,
    ...(filters.length === 0 ? {} : { filters: { type: 'and', filters } }),
  });
  if (page.mode !== 'full') terminal.note(messages.search.degraded(messages.modes[page.mode]));
  terminal.result({ knowledge_base: { id: base.id, name: base.name }, ...page }, () =>
    page.data.length === 0
      ? `${messages.search.nothing(base.name)}\n`
      : page.data.map((result) => inWords(context, result)).join('\n'),
  );
  return EXIT.ok;
}

function inWords({ messages, terminal }: CliContext, result: SearchResultObject): string {
  const columns =
    terminal.stdout.isTTY === true ? (terminal.stdout.columns ?? 80) - INDENT.length : EXCERPT_COLUMNS;
  const place = placeOf(result, messages.page);
  const text = oneLine(result.content.map((part) => part.text).join(' '));
  const lines = [
    `${result.score.toFixed(2)}  ${terminal.bold(oneLine(result.filename))}${place === '' ? '' : ` › ${oneLine(place)}`}`,
    `${INDENT}${terminal.dim(fitToWidth(text, Math.min(columns, EXCERPT_COLUMNS)))}`,
  ];
  return `${lines.join('\n')}\n`;
}
