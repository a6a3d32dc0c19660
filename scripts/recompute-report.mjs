// Computes the main figures of a drill's report from its raw log alone, without a line of Budao's own code, for those
// who would rather not believe it: node scripts/recompute-report.mjs FOLDER. Ends with 1 where the report says otherwise.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').split('\n').slice(0, -1);
const log = lines.map((line) => JSON.parse(line));
const hashes = lines.map((line) => createHash('sha256').update(line).digest('hex'));
const broken = log.findIndex((record, at) => record.previous !== (hashes[at - 1] ?? '0'.repeat(64)));
const of = (type) => log.filter((record) => record.type === type);
const { facts } = log[0];
const plans = facts.workload.probes;

const faults = of('fault').filter(({ step }) => step === 'injecting');
const injected = of('fault').filter(({ step }) => step === 'injected');
const probes = of('probe.answered');
for (const sent of of('probe.sent'))
  if (!probes.some(({ probe }) => probe === sent.probe))
    probes.push({ ...sent, outcome: 'unheard', atMs: Infinity });
const isGood = (probe) => probe.outcome === 'ok' && probe.latencyMs <= plans[probe.kind].objectiveMs;
const kinds = Object.keys(plans).filter((kind) => kind !== 'stream');
const own = (kind) => probes.filter((probe) => probe.kind === kind);
const lastPlanned = Math.max(0, ...probes.map(({ plannedMs }) => plannedMs));
const longestPeriod = Math.max(0, ...Object.values(plans).map(({ everyMs }) => everyMs));

// The service is back at t when, for each kind, all probes planned in [t, t + window) are good, and the last miss before
// t was followed by a success that had come by t.
const isBack = (kind, from, t) => {
  const later = own(kind).filter(({ plannedMs }) => plannedMs >= from);
  const inside = later.filter(({ plannedMs }) => plannedMs >= t && plannedMs < t + facts.windowMs);
  const missed = Math.max(
    -1,
    ...later.filter((probe) => !isGood(probe) && probe.plannedMs < t).map((p) => p.plannedMs),
  );
  const seen = later.some((probe) => isGood(probe) && probe.plannedMs > missed && probe.atMs <= t);
  return inside.length > 0 && inside.every(isGood) && (missed < 0 || seen);
};
const backAfter = (from) =>
  [from, ...probes.filter((probe) => isGood(probe) && probe.plannedMs >= from).map(({ atMs }) => atMs)]
    .sort((a, b) => a - b)
    .filter((t) => t + facts.windowMs <= lastPlanned + longestPeriod)
    .find((t) => kinds.every((kind) => isBack(kind, from, t)));
const outages = faults.flatMap(({ atMs }, index) => {
  const next = faults[index + 1]?.atMs ?? Infinity;
  const lengths = [];
  for (let from = atMs; from !== undefined; ) {
    const back = backAfter(from);
    lengths.push(back === undefined ? Infinity : back - from);
    if (back === undefined) break;
    const misses = probes.filter(
      (p) => p.kind !== 'stream' && !isGood(p) && p.plannedMs >= back && p.plannedMs < next,
    );
    from = misses.length === 0 ? undefined : Math.min(...misses.map(({ plannedMs }) => plannedMs));
  }
  return lengths;
});
const rto = outages.length === 0 ? null : Math.max(...outages);

const found = new Map(of('read-back').map((record) => [`${record.kind} ${record.id}`, record]));
const lost = of('write.acknowledged').filter(({ kind, id, sha256 }) => {
  const there = found.get(`${kind} ${id}`);
  return there?.count === 0 || (there?.count > 0 && there.sha256 !== null && there.sha256 !== sha256);
});
const disaster = Math.max(0, ...injected.map(({ atMs }) => atMs));

const gaps = kinds.map((kind) => {
  const times = own(kind)
    .filter(({ outcome }) => outcome === 'ok')
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b);
  const first = times.findLastIndex((at) => at <= faults[0]?.atMs);
  const from = [...times.slice(first), Math.max(times.at(-1) ?? 0, lastPlanned)];
  return first < 0
    ? 0
    : Math.max(0, ...from.slice(1).map((at, index) => at - from[index] - plans[kind].everyMs));
});
const arrivals = new Map();
for (const { probe, arrivals: pieces } of of('stream.tokens'))
  arrivals.set(probe, [...(arrivals.get(probe) ?? []), ...pieces.map(([at]) => at)]);
const end = Math.max(...log.map(({ atMs }) => atMs));
for (const [probe, times] of arrivals) {
  const last = of('stream.ended').find((record) => record.probe === probe);
  if (last === undefined || last.status === 'lost') times.push(last?.atMs ?? end);
}
const silences = faults
  .flatMap(({ atMs }, index) =>
    [...arrivals.values()].flatMap((times) => {
      const before = times.findLast((at) => at <= atMs);
      if (before === undefined || before < atMs - 500 || times.at(-1) <= atMs) return [];
      const until = faults[index + 1]?.atMs ?? Infinity;
      return [
        Math.max(...times.slice(1).map((at, i) => (at > atMs && times[i] < until ? at - times[i] : 0))),
      ];
    }),
  )
  .sort((a, b) => a - b);

const figures = {
  chain: broken === -1 ? 'whole' : `broken at line ${broken + 1}`,
  head: hashes.at(-1),
  rto_service_ms: rto === Infinity ? null : rto,
  acknowledged: of('write.acknowledged').length,
  lost: lost.length,
  rpo_ms: lost.length === 0 ? 0 : Math.max(0, disaster - Math.min(...lost.map(({ atMs }) => atMs))),
  longest_gap_ms: Math.max(0, ...gaps),
  silence_p99_ms: silences[Math.min(silences.length - 1, Math.floor(silences.length * 0.99))] ?? null,
};
const { results, evidence } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
const sum = (name) => results.writes.reduce((total, row) => total + row[name], 0);
const reported = {
  chain: 'whole',
  head: evidence.log_head_sha256,
  rto_service_ms: results.rto_service_ms,
  acknowledged: sum('acknowledged'),
  lost: sum('lost'),
  rpo_ms: results.rpo_ms ?? 0,
  longest_gap_ms: Math.max(0, ...results.gaps.map(({ ms }) => ms)),
  silence_p99_ms: results.streams.silence_p99_ms,
};
let same = true;
for (const [name, value] of Object.entries(figures)) {
  const agrees = value === reported[name] || Math.abs(value - reported[name]) < 0.001;
  same &&= agrees;
  console.log(
    `${agrees ? 'same ' : 'OTHER'}  ${name.padEnd(16)} ${value}${agrees ? '' : `  report: ${reported[name]}`}`,
  );
}
process.exitCode = same ? 0 : 1;
