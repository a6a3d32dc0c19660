/** The sections of a report's page, each as HTML. */
import type { DrillReport } from '../../../contract/drill-report.ts';
import { escapeHtml as e, formatAt, formatGateValue, formatMs, pairs, table } from './format.ts';
import type { Words } from './words-en.ts';

export function resultsOf({ results: r, manual_steps: manual }: DrillReport, words: Words): string {
  const t = words.results;
  const { segments, streams, modes } = r;
  const parts = [segments.detect_ms, segments.decide_ms, segments.execute_ms, segments.verify_ms];
  const mttd = `${formatMs(r.mttd.ms)} (${t.detected(r.mttd.seen, r.mttd.missed)})`;
  const bound = r.loss_bound === null ? words.none : `${(r.loss_bound * 100).toFixed(2)} %`;
  const tokens = `${streams.followed} / ${streams.resumed}; ${streams.duplicated} / ${streams.cut}; ${streams.broken}`;
  return pairs([
    [t.rtoService(formatMs(r.window_ms)), formatMs(r.rto_service_ms)],
    [t.rtoVerified, formatMs(r.rto_verified_ms)],
    [t.segments, parts.map((ms) => formatMs(ms)).join(' / ')],
    [t.mttd, r.mttd.watched ? mttd : (words.reasons['alerts-not-watched']?.({}) ?? '')],
    [t.rpo, formatMs(r.rpo_ms)],
    [t.lossBound, bound],
    [
      t.silence,
      `${formatMs(streams.silence_p99_ms)} / ${formatMs(streams.silence_max_ms)} (n = ${streams.silences})`,
    ],
    [t.tokens, tokens],
    [t.modes, `${e(modes.seen.join(', ')) || words.none}; ${modes.wrong}; ${formatMs(modes.degraded_ms)}`],
    [t.manual, String(manual)],
    [t.band, r.band === null ? words.none : t.level(r.band)],
  ]);
}

export function writesOf({ results }: DrillReport, words: Words): string {
  const c = words.columns;
  if (results.writes.length === 0) return `<p>${words.none}</p>`;
  return table(
    [c.kind, c.acknowledged, c.lost, c.doubled, c.uncertain, c.unread],
    results.writes.map((own) => [
      words.writes[own.kind] ?? own.kind,
      ...[own.acknowledged, own.lost, own.doubled].map(String),
      `${own.uncertain} (${own.uncertain_done})`,
      String(own.unread),
    ]),
  );
}

export function probesOf({ results }: DrillReport, words: Words): string {
  const c = words.columns;
  return table(
    [c.kind, c.every, c.objective, c.sent, c.good, c.late, c.failed, c.latency],
    results.probes.map((own) => [
      words.probes[own.kind] ?? own.kind,
      formatMs(own.every_ms),
      formatMs(own.objective_ms),
      ...[own.sent, own.good, own.late, own.failed].map(String),
      `${formatMs(own.latency_p50_ms)} / ${formatMs(own.latency_p99_ms)}`,
    ]),
  );
}

export function faultsOf({ faults }: DrillReport, words: Words): string {
  const c = words.columns;
  return table(
    [c.fault, c.on, c.began, c.undone, c.rto, c.wasThere, c.isGone],
    faults.map((fault) => [
      e(fault.fault),
      e(fault.target),
      formatAt(fault.began_ms),
      fault.undone_ms === null ? words.none : formatAt(fault.undone_ms),
      formatMs(fault.rto_ms),
      trilean(fault.was_there, words),
      trilean(fault.is_gone, words),
    ]),
  );
}

export function integrityOf({ integrity }: DrillReport, words: Words): string {
  const c = words.columns;
  if (integrity.length === 0) return `<p>${words.reasons['nothing-checked']?.({})}</p>`;
  const rows = integrity.map((own) => [
    formatAt(own.at_ms),
    e(own.check),
    own.ok === null
      ? words.unclear
      : `<span class="${own.ok ? 'pass' : 'fail'}">${words.verdict[own.ok ? 'pass' : 'fail']}</span>`,
    e(own.detail),
  ]);
  return table([c.at, c.check, c.verdict, c.result], rows);
}

export function qualityOf({ quality: q }: DrillReport, words: Words): string {
  if (q === null) return `<p>${words.reasons['not-evaluated']?.({})}</p>`;
  const t = words.quality;
  const share = (value: number | null): string =>
    value === null ? words.none : `${(value * 100).toFixed(1)} %`;
  return pairs([
    [t.set, `<code>${e(q.golden_set)}</code>`],
    [t.pairs, `${q.pairs} (${q.inconclusive})`],
    [t.passed, `${q.before_passed} → ${q.after_passed}`],
    [t.difference, `${share(q.difference)} (${share(q.lower_bound)})`],
    [t.control, `${share(q.control_difference)} (${share(q.control_lower_bound)})`],
    [t.mcnemar, q.mcnemar_p === null ? words.none : q.mcnemar_p.toFixed(3)],
    [t.violations, q.violations.length === 0 ? '0' : q.violations.map(e).join('<br>')],
  ]);
}

export function findingsTable({ findings }: DrillReport, words: Words): string {
  const c = words.columns;
  if (findings.length === 0) return `<p>${words.noFindings}</p>`;
  return table(
    [c.gate, c.severity, c.verdict, c.since, c.owner, c.due, c.retest],
    findings.map((own) => [
      words.gates[own.gate],
      words.severity[own.severity],
      words.status[own.status],
      `${own.since.utc.slice(0, 10)} <code>${e(own.since.drill_id)}</code>`,
      e(own.owner ?? '________'),
      own.due,
      own.retest === null ? words.none : `<code>${e(own.retest)}</code>`,
    ]),
  );
}

export function comparisonOf({ previous, gates, verdict }: DrillReport, words: Words): string {
  if (previous === null) return `<p>${words.noPrevious}</p>`;
  const c = words.columns;
  const rows = gates.map((gate) => {
    const before = previous.gates.find((own) => own.gate === gate.gate);
    const told = (own: typeof gate | undefined): string =>
      own === undefined
        ? words.none
        : `${formatGateValue(own.measured, own.unit, words)} <span class="${own.verdict}">${words.verdict[own.verdict]}</span>`;
    return [words.gates[gate.gate], told(before), told(gate)];
  });
  const lead = `<p><code>${e(previous.drill_id)}</code> · ${previous.started_utc.slice(0, 16).replace('T', ' ')} UTC · ${words.verdict[previous.verdict]} → ${words.verdict[verdict]}</p>`;
  return lead + table([c.gate, c.last, c.now], rows);
}

export function identityOf(
  { identity: i, system, stop_conditions: stop, pages }: DrillReport,
  words: Words,
  language: 'zh' | 'en',
): string {
  const t = words.identity;
  const list = (items: readonly string[]): string =>
    items.length === 0 ? words.none : items.map(e).join('<br>');
  return pairs([
    [t.id, `<code>${e(i.drill_id)}</code>`],
    [t.scenario, e(i.scenario)],
    [t.plan, `<code>${e(i.plan_version)}</code>`],
    [t.hypothesis, e(i.hypothesis[language])],
    [t.mode, words.modes[i.mode] ?? i.mode],
    [t.target, e(`${system.target.name} (${system.target.kind})`)],
    [t.scope, e(i.scope) || words.none],
    [t.exclusions, list(i.exclusions)],
    [t.stop, list(stop)],
    [t.pages, list(pages)],
    [t.started, i.started_utc],
    [t.ended, i.ended_utc],
    [t.seed, `<code>${e(i.seed)}</code>`],
  ]);
}

export function systemOf({ system }: DrillReport, words: Words): string {
  const names = [...new Set([...Object.keys(system.before), ...Object.keys(system.after)])];
  if (names.length === 0) return `<p>${words.none}</p>`;
  const c = words.columns;
  const told = (value: string | number | boolean | null | undefined): string =>
    value === undefined || value === null ? words.none : e(String(value));
  return table(
    [c.name, c.before, c.after],
    names.map((name) => [e(name), told(system.before[name]), told(system.after[name])]),
  );
}

export function peopleOf({ people }: DrillReport, words: Words): string {
  const t = words.people;
  const rows = [
    [t.commander, people.commander ?? ''],
    [t.operators, people.operators.join(', ')],
    [t.observers, people.observers.join(', ')],
    [t.approver, people.approver ?? ''],
  ].map(([role = '', names = '']) => [role, e(names), '']);
  return table(['', words.columns.name, t.signature], rows, 'signoff');
}

export function timelineOf({ timeline }: DrillReport, words: Words): string {
  const c = words.columns;
  return table(
    [c.at, c.utc, c.actor, c.action, c.result],
    timeline.map((own) => [
      formatAt(own.at_ms),
      own.utc.slice(11, 19),
      e(own.actor),
      e(own.action),
      e(own.result),
    ]),
    'log',
  );
}

export function evidenceOf({ evidence, system }: DrillReport, words: Words): string {
  const t = words.evidence;
  const torn = evidence.log_is_torn ? `<p class="inconclusive">${t.torn}</p>` : '';
  const rows = pairs([
    [t.log, e(evidence.log_file)],
    [t.records, String(evidence.log_records)],
    [t.head, `<code>${evidence.log_head_sha256}</code>`],
    [t.previous, `<code>${evidence.previous_report_sha256}</code>`],
    [t.version, e(system.reporter_version)],
  ]);
  return `${rows}${torn}<p>${t.verify}</p>`;
}

function trilean(value: boolean | null, words: Words): string {
  return value === null ? words.unclear : value ? words.yes : words.no;
}
