/**
 * npm run bench:cluster [-- --only streams,claims,first-token,durability] [--max-streams N] [--hints redis|notify]
 *   [--durability-streams N] [--json] [--picture FILE]
 *
 * Two nodes of one API process and one worker each, on a real PostgreSQL that syncs every commit, with hints through
 * Redis. Upstream, clients and servers share the machine. Every figure stands beside a reference of the same run.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MOST_LAG_MS } from '../system/streams.ts';
import { type ClaimsRow, measureClaims } from './claims.ts';
import { measureDurability } from './durability.ts';
import { measureClusterFirstToken } from './first-token.ts';
import { type ClusterResults, drawClusterResults } from './picture.ts';
import { Servers } from './servers.ts';
import { type ClusterStreamRow, measureClusterStreams } from './streams.ts';

const SECTIONS = ['streams', 'claims', 'first-token', 'durability'];
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: SECTIONS.join(',') },
    'max-streams': { type: 'string', default: '1200' },
    'durability-streams': { type: 'string', default: '200' },
    hints: { type: 'string', default: 'redis' },
    json: { type: 'boolean', default: false },
    picture: { type: 'string' },
  },
});
const sections = new Set(values.only.split(','));
const unknown = [...sections].filter((section) => !SECTIONS.includes(section));
if (unknown.length > 0) refuse(`--only knows ${SECTIONS.join(', ')}, and not ${unknown.join(', ')}`);
if (values.hints !== 'redis' && values.hints !== 'notify') refuse('--hints takes redis or notify');
const hintsThrough = values.hints;
const mostStreams = count('max-streams');
const durabilityStreams = count('durability-streams');

const results: ClusterResults = {};
await using servers = await Servers.start();
if (sections.has('streams')) await streams();
if (sections.has('claims')) await claims();
if (sections.has('first-token')) await firstToken();
if (sections.has('durability')) await durability();
if (values.picture !== undefined) writeFileSync(values.picture, drawClusterResults(results));
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

async function streams(): Promise<void> {
  say(`Streams at 20 tokens a second over 2 API and 2 worker processes, hints through ${hintsThrough}`);
  const result = await measureClusterStreams(servers, { mostStreams, hintsThrough }, sayStreams);
  results.streams = result;
  const above = result.tooMany === null ? 'all that was tried kept up' : `first above it: ${result.tooMany}`;
  row(`most streams with p99 lag under ${MOST_LAG_MS} ms`, `${result.most} (towards 1000)`, above);
  const at = result.rows.filter(
    (entry) => entry.streams === Math.max(result.most, result.rows[0]?.streams ?? 0),
  );
  const [pipe, nodes] = at;
  if (pipe === undefined || nodes === undefined) return;
  const times = (us: number): string => `${(us / pipe.cpuPerTokenUs).toFixed(1)} ×`;
  const below = nodes.postgresPerTokenUs + nodes.redisPerTokenUs;
  row(
    `CPU per token against the pipe, ${nodes.streams} streams`,
    `product ${times(nodes.cpuPerTokenUs)} (goal 3)`,
    `with PostgreSQL and Redis ${times(nodes.cpuPerTokenUs + below)}`,
  );
}

async function claims(): Promise<void> {
  say('Claims: workers that claim and end runs, 64 slots each; then runs of 100 ms, 20 slots each');
  const result = await measureClaims(servers, sayClaims);
  results.claims = result;
  row('from 1 to 3 workers, nothing to do in a run', `${scaling(result.instant)} ×`, 'bound by the cores');
  row(
    'from 1 to 3 workers, runs of 100 ms',
    `${scaling(result.waiting)} × (of 3)`,
    `all slots busy: ${result.waitingIdealPerSecond.toFixed(0)}/s`,
  );
}

async function firstToken(): Promise<void> {
  say(
    `Added time to the first token (200 questions in turn, handbook searched each time, hints through ${hintsThrough})`,
  );
  const result = await measureClusterFirstToken(servers, hintsThrough);
  results.firstToken = result;
  row('the model endpoint, asked directly', `p50 ${ms(result.direct.p50)}`, `p99 ${ms(result.direct.p99)}`);
  row('through one of two nodes', `p50 ${ms(result.cluster.p50)}`, `p99 ${ms(result.cluster.p99)}`);
  row('added, pair by pair', `p50 ${ms(result.added.p50)}`, `p99 ${ms(result.added.p99)}`);
}

async function durability(): Promise<void> {
  say(
    `The cost of durability: ${durabilityStreams} streams, logged before they are shown, and the other way round`,
  );
  const result = await measureDurability(servers, durabilityStreams, sayStreams);
  results.durability = result;
  const { logFirst, showFirst } = result;
  const used = (entry: ClusterStreamRow): number =>
    entry.cpuPerTokenUs + entry.postgresPerTokenUs + entry.redisPerTokenUs;
  row(
    'what log before show adds (medians)',
    `lag p50 ${ms(logFirst.lagP50 - showFirst.lagP50)}`,
    `p99 ${ms(logFirst.lagP99 - showFirst.lagP99)}`,
    `CPU ${(used(logFirst) - used(showFirst)).toFixed(0)} µs/token`,
  );
}

function sayStreams(entry: ClusterStreamRow): void {
  const below =
    entry.postgresPerTokenUs === 0
      ? []
      : [`PostgreSQL ${entry.postgresPerTokenUs.toFixed(0)}, Redis ${entry.redisPerTokenUs.toFixed(0)} µs`];
  row(
    `${entry.server}, ${entry.streams} streams`,
    `lag p50 ${ms(entry.lagP50)}`,
    `p99 ${ms(entry.lagP99)}`,
    `${(entry.deliveredShare * 100).toFixed(1)} % delivered`,
    `CPU ${entry.cpuPerTokenUs.toFixed(0)} µs/token`,
    ...below,
  );
}

function sayClaims(kind: 'instant' | 'waiting', entry: ClaimsRow): void {
  const what = kind === 'instant' ? 'nothing to do' : 'runs of 100 ms';
  row(
    `${entry.workers} worker${entry.workers === 1 ? '' : 's'}, ${what}`,
    `${entry.runsPerSecond.toFixed(0)} runs/s`,
    `CPU ${entry.cpuPerRunUs.toFixed(0)} µs/run`,
    `PostgreSQL ${entry.postgresPerRunUs.toFixed(0)} µs/run`,
  );
}

function scaling(rows: readonly ClaimsRow[]): string {
  return ((rows.at(-1)?.runsPerSecond ?? 0) / (rows[0]?.runsPerSecond ?? 1)).toFixed(2);
}

function count(name: 'max-streams' | 'durability-streams'): number {
  const value = Number(values[name]);
  return Number.isInteger(value) && value > 0 ? value : refuse(`--${name} takes a number of streams`);
}

function refuse(message: string): never {
  process.stderr.write(`bench:cluster: ${message}\n`);
  process.exit(2);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function say(title: string): void {
  process.stderr.write(`\n${title}\n`);
}

function row(name: string, ...cells: string[]): void {
  process.stderr.write(`  ${name.padEnd(44)} ${cells.map((cell) => cell.padEnd(26)).join(' ')}\n`);
}
