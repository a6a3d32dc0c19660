import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DrillReport } from '../../contract/drill-report.ts';
import { signText } from '../../recovery/repository/signing.ts';
import { makeFolderDurably, writeDurably } from '../../stores/files/durable-file.ts';
import { parseDrillLog, recordsOf } from '../log/read-log.ts';
import {
  archiveSigner,
  folderOf,
  keptReports,
  LOG_FILE,
  PAGE_FILE,
  REPORT_FILE,
  SIGNATURE_FILE,
  sha256Of,
  stampPages,
} from './archive.ts';
import { buildReport } from './build-report.ts';
import type { ConcludeOptions } from './conclude-options.ts';
import { findingsOf } from './findings.ts';
import { renderPage } from './page/render-page.ts';

export interface ConcludedDrill {
  report: DrillReport;
  /** Where the log, the report, the page and their signature are. */
  folder: string;
  reportFile: string;
  pageFile: string;
}

/**
 * Computes everything from the log, compares it with the last drill of the same scenario, and keeps it, signed.
 *
 * @throws BudaoError drill_log_damaged
 */
export async function concludeDrill(logFile: string, options: ConcludeOptions): Promise<ConcludedDrill> {
  const { archive, language, programVersion } = options;
  const text = await readFile(logFile, 'utf8');
  const log = parseDrillLog(text);
  const facts = recordsOf(log.records, 'drill')[0]?.facts;
  if (facts === undefined) throw new Error('a log begins with its drill');
  const kept = (await keptReports(archive)).filter(
    ({ report }) => report.identity.drill_id !== facts.drillId,
  );
  const last = kept.findLast(({ report }) => report.identity.scenario === facts.scenario.name);
  const report = buildReport({
    logFile: LOG_FILE,
    log,
    previous: last === undefined ? null : previousOf(last),
    previousReportSha256: kept.at(-1)?.sha256 ?? '0'.repeat(64),
    findings: (gates, identity, due) =>
      findingsOf({
        gates,
        drill: { drill_id: identity.drill_id, utc: identity.ended_utc },
        scenario: identity.scenario,
        owner: facts.findings.owner ?? null,
        due,
        earlier: last?.report.findings ?? [],
      }),
    reporterVersion: programVersion,
  });
  const folder = folderOf(archive, facts.drillId);
  await makeFolderDurably(folder);
  if (resolve(logFile) !== resolve(folder, LOG_FILE)) await copyFile(logFile, join(folder, LOG_FILE));
  const signer = options.signer ?? (await archiveSigner(archive));
  const json = `${JSON.stringify(report, null, 1)}\n`;
  const page = renderPage(report, language, signer);
  const signed = {
    format: 'budao-drill-evidence',
    drill_id: facts.drillId,
    installation_id: signer.installationId,
    files: {
      [LOG_FILE]: sha256Of(text),
      [REPORT_FILE]: sha256Of(json),
      [PAGE_FILE]: sha256Of(page),
    },
  };
  await writeDurably(join(folder, REPORT_FILE), json);
  await writeDurably(join(folder, PAGE_FILE), page);
  await writeDurably(join(folder, SIGNATURE_FILE), signText(signed, signer));
  await stampPages(archive, report);
  return { report, folder, reportFile: join(folder, REPORT_FILE), pageFile: join(folder, PAGE_FILE) };
}

function previousOf({
  report,
  sha256,
}: {
  report: DrillReport;
  sha256: string;
}): NonNullable<DrillReport['previous']> {
  return {
    drill_id: report.identity.drill_id,
    started_utc: report.identity.started_utc,
    verdict: report.verdict,
    report_sha256: sha256,
    gates: report.gates,
    reporter_version: report.system.reporter_version,
  };
}
