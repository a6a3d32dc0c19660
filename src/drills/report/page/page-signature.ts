/** A page carries its own signature in its last lines, over every byte before them. */
import {
  readUnverified,
  type Signer,
  signText,
  verifiedSigner,
} from '../../../recovery/repository/signing.ts';
import { sha256Of } from '../archive.ts';

const BEGIN = '<!-- budao-signature\n';
const END = '-->\n';
const REPORT = /<script type="application\/json" id="report">(.*?)<\/script>/s;

export function signPage(html: string, signer: Signer): string {
  const signed = {
    format: 'budao-drill-page',
    installation_id: signer.installationId,
    sha256: sha256Of(html),
  };
  return `${html}${BEGIN}${signText(signed, signer)}${END}`;
}

/** @returns who signed exactly this page, and the report in it; null where nobody did */
export function readPageSignature(page: string): { publicKey: string; report: string } | null {
  const at = page.lastIndexOf(BEGIN);
  if (at === -1 || !page.endsWith(END)) return null;
  const html = page.slice(0, at);
  const signature = page.slice(at + BEGIN.length, -END.length);
  const publicKey = verifiedSigner(signature);
  const signed = readUnverified(signature);
  if (publicKey === null || typeof signed !== 'object' || signed === null) return null;
  if (!('sha256' in signed) || signed.sha256 !== sha256Of(html)) return null;
  const report = REPORT.exec(html)?.[1];
  return report === undefined ? null : { publicKey, report };
}

/** No text in it can end the element. */
export function embeddedReport(report: unknown): string {
  const json = JSON.stringify(report).replaceAll('<', '\\u003c');
  return `<script type="application/json" id="report">${json}</script>`;
}
