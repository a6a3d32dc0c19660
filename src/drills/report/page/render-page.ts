import type { DrillGate, DrillReport } from '../../../contract/drill-report.ts';
import type { Signer } from '../../../recovery/repository/signing.ts';
import { escapeHtml, formatGateValue, reasonOf, table } from './format.ts';
import { embeddedReport, signPage } from './page-signature.ts';
import { drawGaps, drawThroughput, drawTimeline } from './pictures.ts';
import {
  comparisonOf,
  evidenceOf,
  faultsOf,
  findingsTable,
  identityOf,
  integrityOf,
  peopleOf,
  probesOf,
  qualityOf,
  resultsOf,
  systemOf,
  timelineOf,
  writesOf,
} from './sections.ts';
import { STYLE } from './style.ts';
import { en, type Words } from './words-en.ts';
import { zh } from './words-zh.ts';

/** One file that needs nothing beside it: styles, pictures and the report itself are in it, and its signature. */
export function renderPage(report: DrillReport, language: 'zh' | 'en', signer: Signer): string {
  const words = language === 'zh' ? zh : en;
  const title = escapeHtml(report.identity.title[language]);
  const { headings } = words;
  const section = (heading: string, content: string): string =>
    `<section><h2>${heading}</h2>\n${content}</section>`;
  const html = `<!doctype html>
<html lang="${words.locale}"><head><meta charset="utf-8"><title>${title} – ${words.report}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p class="lead">${words.report} · <code>${escapeHtml(report.identity.drill_id)}</code> · ${report.identity.started_utc.slice(0, 16).replace('T', ' ')} UTC · ${words.modes[report.identity.mode]}</p>
<div class="verdict ${report.verdict}"><b>${words.verdict[report.verdict]}</b><span>${words.verdictLong[report.verdict]}</span></div>
<p>${escapeHtml(report.identity.proves[language])}</p>
${section(headings.gates, gatesTable(report.gates, words))}
${section(headings.picture, drawTimeline(report, words))}
${section(headings.throughput, drawThroughput(report, words))}
${section(headings.gaps, drawGaps(report, words))}
${section(headings.results, resultsOf(report, words))}
${section(headings.writes, writesOf(report, words))}
${section(headings.findings, findingsTable(report, words))}
${section(headings.comparison, comparisonOf(report, words))}
${section(headings.probes, probesOf(report, words))}
${section(headings.faults, faultsOf(report, words))}
${section(headings.integrity, integrityOf(report, words))}
${section(headings.quality, qualityOf(report, words))}
${section(headings.identity, identityOf(report, words, language))}
${section(headings.system, systemOf(report, words))}
${section(headings.people, peopleOf(report, words))}
${section(headings.timeline, timelineOf(report, words))}
${section(headings.limits, `<ul>${words.caveats.map((caveat) => `<li>${caveat}</li>`).join('')}</ul>`)}
${section(headings.evidence, evidenceOf(report, words))}
${embeddedReport(report)}
</body></html>
`;
  return signPage(html, signer);
}

export function gatesTable(gates: readonly DrillGate[], words: Words): string {
  const { columns } = words;
  return table(
    [columns.gate, columns.target, columns.measured, columns.verdict, columns.basis, columns.reason],
    gates.map((gate) => [
      words.gates[gate.gate],
      `${gate.target === null ? '' : gate.unit === 'share' ? '> ' : '≤ '}${formatGateValue(gate.target, gate.unit, words)}`,
      formatGateValue(gate.measured, gate.unit, words),
      `<span class="${gate.verdict}">${words.verdict[gate.verdict]}</span>`,
      String(gate.n),
      escapeHtml(reasonOf(gate, words)),
    ]),
    'gates',
  );
}
