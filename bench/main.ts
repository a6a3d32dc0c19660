/**
 * npm run bench [-- --only first-token,kill,streams,overload,ingest,search,resources] [--json] [--max-streams N]
 *   [--picture FILE]
 *
 * Every figure stands beside a reference taken in the same run. Durability is on throughout.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type BenchResults, drawResults } from './picture.ts';
import { measureFirstToken } from './system/first-token.ts';
import { measureIngest } from './system/ingest.ts';
import { measureKillGap } from './system/kill-gap.ts';
import { measureOverload, type Offered } from './system/overload.ts';
import { measureResources } from './system/resources.ts';
import { keepsUp, MOST_LAG_MS, measureStreams, type StreamRow } from './system/streams.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'first-token,kill,streams,overload,ingest,search,resources' },
    json: { type: 'boolean', default: false },
    'max-streams': { type: 'string', default: '1200' },
    picture: { type: 'string' },
    kills: { type: 'string', default: '40' },
  },
});
const sections = new Set(values.only.split(','));
const results: BenchResults = {};
const ms = (value: number): string => `${value.toFixed(1)} ms`;

if (sections.has('first-token')) {
  const result = await measureFirstToken();
  results.firstToken = result;
  say('Added time to the first token (200 questions in turn, sample handbook searched each time)');
  row('the model endpoint, asked directly', `p50 ${ms(result.direct.p50)}`, `p99 ${ms(result.direct.p99)}`);
  row('through Budao', `p50 ${ms(result.budao.p50)}`, `p99 ${ms(result.budao.p99)}`);
  row('added, pair by pair', `p50 ${ms(result.added.p50)} (goal 5)`, `p99 ${ms(result.added.p99)} (goal 20)`);
}
if (sections.has('kill')) {
  const result = await measureKillGap(Number(values.kills));
  results.killGap = result;
  say(`Silence that a client sees when its worker is killed (${result.kills} SIGKILLs, 20 tokens a second)`);
  row('undisturbed', `p50 ${ms(result.undisturbed.p50)}`, `p99 ${ms(result.undisturbed.p99)}`);
  row('worker killed', `p50 ${ms(result.silence.p50)}`, `p99 ${ms(result.silence.p99)} (goal 500)`);
  row('tokens', `${result.tokensSeen} of ${result.tokensExpected}`, 'each once, in order');
}
if (sections.has('streams')) {
  say('Streams at 20 tokens a second, two API and worker cores shared with upstream and clients');
  const rows = await measureStreams(Number(values['max-streams']), sayStreams);
  results.streams = rows;
  const budao = rows.filter((entry) => entry.server === 'Budao');
  const most = Math.max(0, ...budao.filter(keepsUp).map((entry) => entry.streams));
  const tooMany = budao.filter((entry) => !keepsUp(entry)).map((entry) => entry.streams);
  const first = tooMany.length === 0 ? 'no number that was tried' : String(Math.min(...tooMany));
  row(`most streams with p99 lag under ${MOST_LAG_MS} ms`, String(most), `first above it: ${first}`);
}
if (sections.has('overload')) {
  say(
    'Overload: questions at a pace that waits for nobody, answers of six seconds; then three times what is well',
  );
  const result = await measureOverload(sayOffered);
  results.overload = result;
  const { unloaded, capacity, overload, recovered } = result;
  row('most that is well', `${capacity.perSecond.toFixed(0)} questions/s`);
  row(
    'three times that: what was admitted',
    `first token p99 ${(overload.firstToken.p99 / unloaded.firstToken.p99).toFixed(1)} × unloaded`,
    `${overload.completedPerSecond.toFixed(1)} answers/s (before ${capacity.completedPerSecond.toFixed(1)})`,
    `${overload.lost} lost, ${overload.otherwise} other errors`,
  );
  row('three times that: what was refused', `p99 ${ms(overload.refusal.p99)}`, 'with Retry-After');
  row('after it, at the first pace', `first token p99 ${ms(recovered.firstToken.p99)}`);
}
if (sections.has('ingest')) {
  const result = await measureIngest();
  results.ingest = result;
  say('Ingest, from upload to searchable (sample handbook in nine formats)');
  row(
    `${result.documents} documents`,
    `${(result.pages / result.seconds).toFixed(1)} pages/s`,
    `${(result.megabytes / result.seconds).toFixed(2)} MB/s`,
  );
}
if (sections.has('search')) {
  say('Search');
  const script = new URL('./search.ts', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    encoding: 'utf8',
  });
  process.stderr.write(output);
  results.search = output;
}
if (sections.has('resources')) {
  const result = await measureResources();
  results.resources = result;
  say('Start and idle');
  row(
    'start to ready, built, existing data',
    `p50 ${ms(result.startMs.p50)} (goal 2000)`,
    `max ${ms(result.startMs.max)}`,
  );
  row('first start, with the sample', ms(result.firstStartMs));
  row('idle memory of all processes', `${result.idleMiB.toFixed(0)} MiB`, `${result.processes} processes`);
  row('idle CPU', `${(result.idleCpuShare * 100).toFixed(1)} % of one core`);
}
if (values.picture !== undefined) writeFileSync(values.picture, drawResults(results));
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

function sayStreams(entry: StreamRow): void {
  row(
    `${entry.server}, ${entry.streams} streams`,
    `lag p50 ${ms(entry.lagP50)}`,
    `p99 ${ms(entry.lagP99)}`,
    `CPU ${entry.cpuPerTokenUs.toFixed(0)} µs/token`,
    `${(entry.deliveredShare * 100).toFixed(1)} % delivered`,
  );
}

function sayOffered(offered: Offered): void {
  row(
    `${offered.perSecond.toFixed(0)} questions/s`,
    `${offered.admitted} of ${offered.sent} admitted`,
    `first token p50 ${ms(offered.firstToken.p50)}`,
    `p99 ${ms(offered.firstToken.p99)}`,
    `${offered.completedPerSecond.toFixed(1)} answers/s`,
  );
}

function say(title: string): void {
  process.stderr.write(`\n${title}\n`);
}

function row(name: string, ...cells: string[]): void {
  process.stderr.write(`  ${name.padEnd(44)} ${cells.map((cell) => cell.padEnd(26)).join(' ')}\n`);
}
