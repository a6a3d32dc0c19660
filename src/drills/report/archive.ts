/** The folder in which drills are kept: one folder for each, with its log, its report, and the page for people. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrillReport } from '../../contract/drill-report.ts';
import { generateSigningKey, type Signer } from '../../recovery/repository/signing.ts';
import { makeFolderDurably, writeDurably } from '../../stores/files/durable-file.ts';

export const LOG_FILE = 'log.jsonl';
export const REPORT_FILE = 'report.json';
export const PAGE_FILE = 'report.html';
export const SIGNATURE_FILE = 'report.sig';
const KEY_FILE = 'signing-key.pem';
const STAMPS_FILE = 'pages.json';

export interface KeptReport {
  folder: string;
  report: DrillReport;
  sha256: string;
}

export function folderOf(archive: string, drillId: string): string {
  return join(archive, drillId);
}

/** All that can be read, the oldest first. What is no report is passed over: it takes no part in comparisons. */
export async function keptReports(archive: string): Promise<KeptReport[]> {
  const names = await readdir(archive).catch(() => []);
  const reports = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(archive, name, REPORT_FILE), 'utf8').catch(() => null);
      if (text === null) return null;
      const parsed = DrillReport.safeParse(parseJson(text));
      if (!parsed.success) return null;
      return { folder: join(archive, name), report: parsed.data, sha256: sha256Of(text) };
    }),
  );
  return reports
    .filter((kept) => kept !== null)
    .sort((left, right) => (left.report.identity.ended_utc < right.report.identity.ended_utc ? -1 : 1));
}

/** The key of an archive that belongs to no installation. */
export async function archiveSigner(archive: string): Promise<Signer> {
  await makeFolderDurably(archive);
  const path = join(archive, KEY_FILE);
  const kept = await readFile(path, 'utf8').catch(() => null);
  const privateKey = kept ?? generateSigningKey().privateKey;
  if (kept === null) await writeDurably(path, privateKey);
  return { installationId: 'drills', privateKey };
}

/** When a page of operations was last exercised, and what was measured then. */
export interface PageStamp {
  drill_id: string;
  scenario: string;
  utc: string;
  verdict: DrillReport['verdict'];
  rto_service_ms: number | null;
  rto_verified_ms: number | null;
  rpo_ms: number | null;
}

/** By the name of the page. */
export async function pageStamps(archive: string): Promise<Record<string, PageStamp>> {
  const text = await readFile(join(archive, STAMPS_FILE), 'utf8').catch(() => '{}');
  const stamps: unknown = parseJson(text);
  return typeof stamps === 'object' && stamps !== null ? (stamps as Record<string, PageStamp>) : {};
}

export async function stampPages(archive: string, report: DrillReport): Promise<void> {
  if (report.pages.length === 0) return;
  const { identity, verdict, results } = report;
  const stamp: PageStamp = {
    drill_id: identity.drill_id,
    scenario: identity.scenario,
    utc: identity.ended_utc,
    verdict,
    rto_service_ms: results.rto_service_ms,
    rto_verified_ms: results.rto_verified_ms,
    rpo_ms: results.rpo_ms,
  };
  const stamps = {
    ...(await pageStamps(archive)),
    ...Object.fromEntries(report.pages.map((page) => [page, stamp])),
  };
  await writeDurably(join(archive, STAMPS_FILE), `${JSON.stringify(stamps, null, 2)}\n`);
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
