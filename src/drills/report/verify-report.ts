import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { DrillReport } from '../../contract/drill-report.ts';
import { BudaoError } from '../../contract/errors.ts';
import { readUnverified, verifiedSigner } from '../../recovery/repository/signing.ts';
import { parseDrillLog } from '../log/read-log.ts';
import { keptReports, LOG_FILE, PAGE_FILE, REPORT_FILE, SIGNATURE_FILE, sha256Of } from './archive.ts';
import { buildReport } from './build-report.ts';
import { readPageSignature } from './page/page-signature.ts';

export interface VerifiedReport {
  drillId: string;
  verdict: DrillReport['verdict'];
  /** Public half of the key that signed, as hex. Whoever knows it knows who that was. */
  publicKey: string;
  /** What was held against each other. A page that came alone proves only itself. */
  checked: ('page' | 'report' | 'log' | 'recomputed' | 'chain')[];
}

const Evidence = z.object({ drill_id: z.string(), files: z.record(z.string(), z.string()) });

/**
 * Verifies a report or its page: the signature, and where they lie beside it, the log's chain, that the report's figures
 * follow from the log, and that the report before it is the one that it names.
 *
 * @throws BudaoError drill_report_invalid, drill_log_damaged
 */
export async function verifyReport(file: string, programVersion: string): Promise<VerifiedReport> {
  const folder = dirname(file);
  const read = (name: string): Promise<string | null> =>
    readFile(join(folder, name), 'utf8').catch(() => null);
  const signature = await read(SIGNATURE_FILE);
  if (basename(file).endsWith('.html') && signature === null) return verifyPage(await readFile(file, 'utf8'));
  if (signature === null) throw invalid(`${SIGNATURE_FILE} is not beside it, so nobody can tell who made it`);
  const publicKey = verifiedSigner(signature);
  const evidence = Evidence.safeParse(readUnverified(signature));
  if (publicKey === null || !evidence.success)
    throw invalid(`${SIGNATURE_FILE} does not carry a valid signature`);
  const texts = await Promise.all([REPORT_FILE, LOG_FILE, PAGE_FILE].map(read));
  for (const [index, name] of [REPORT_FILE, LOG_FILE, PAGE_FILE].entries()) {
    const text = texts[index] ?? null;
    if (text === null && name !== PAGE_FILE) throw invalid(`${name} is missing`);
    if (text !== null && sha256Of(text) !== evidence.data.files[name])
      throw invalid(`${name} is not the one that was signed`);
  }
  const [json = '', log = '', page] = texts;
  const report = reportOf(json ?? '');
  const isRecomputed = checkFigures(report, log ?? '', programVersion);
  const isChained = await checkChain(dirname(folder), report);
  return {
    drillId: report.identity.drill_id,
    verdict: report.verdict,
    publicKey,
    checked: [
      'report',
      'log',
      ...(isRecomputed ? ['recomputed' as const] : []),
      ...(page == null ? [] : ['page' as const]),
      ...(isChained ? ['chain' as const] : []),
    ],
  };
}

/** A page that was sent by itself. */
function verifyPage(text: string): VerifiedReport {
  const signed = readPageSignature(text);
  if (signed === null) throw invalid('the page was changed after it was signed, or was never signed');
  const report = reportOf(signed.report);
  return {
    drillId: report.identity.drill_id,
    verdict: report.verdict,
    publicKey: signed.publicKey,
    checked: ['page'],
  };
}

/** @returns false where another version made the report, which may measure otherwise: its signature has to do */
function checkFigures(report: DrillReport, logText: string, programVersion: string): boolean {
  const log = parseDrillLog(logText);
  if (log.headSha256 !== report.evidence.log_head_sha256)
    throw invalid('the end of the log is not the one that the report names');
  if (report.system.reporter_version !== programVersion) return false;
  const again = buildReport({
    logFile: report.evidence.log_file,
    log,
    previous: report.previous,
    previousReportSha256: report.evidence.previous_report_sha256,
    findings: () => report.findings,
    reporterVersion: report.system.reporter_version,
  });
  if (JSON.stringify(DrillReport.parse(again)) !== JSON.stringify(report))
    throw invalid('its figures do not follow from the log');
  return true;
}

/** @returns false where the report before it is not at hand */
async function checkChain(archive: string, report: DrillReport): Promise<boolean> {
  const { previous_report_sha256: wanted } = report.evidence;
  if (/^0+$/.test(wanted)) return true;
  return (await keptReports(archive)).some(({ sha256 }) => sha256 === wanted);
}

function reportOf(text: string): DrillReport {
  try {
    return DrillReport.parse(JSON.parse(text));
  } catch (error) {
    throw invalid('it is no report of a drill', error);
  }
}

function invalid(reason: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'invalid',
    'drill_report_invalid',
    `This report cannot be believed: ${reason}. Take it from the folder of the drill, together with its log.`,
    { cause },
  );
}
