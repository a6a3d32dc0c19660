import type { DrillGate } from '../../../contract/drill-report.ts';
import type { Words } from './words-en.ts';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** 0 ms, 340 ms, 12.3 s, 4 min 05 s, 2 h 10 min. */
export function formatMs(ms: number | null, none = '–'): string {
  if (ms === null) return none;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min ${String(Math.round((ms % 60_000) / 1_000)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

export function formatGateValue(value: number | null, unit: DrillGate['unit'], words: Words): string {
  if (value === null || unit === 'none') return words.none;
  if (unit === 'ms') return formatMs(value);
  return unit === 'share' ? `${(value * 100).toFixed(1)} %` : String(value);
}

/** On the drill's clock: m:ss.s from its beginning. */
export function formatAt(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const tenths = Math.round(Math.abs(ms) / 100);
  const rest = tenths % 600;
  return `${sign}${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, '0')}.${rest % 10}`;
}

export function reasonOf(gate: DrillGate, words: Words): string {
  return words.reasons[gate.reason.code]?.(gate.reason.values) ?? gate.reason.code;
}

/** Cells are HTML already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], className = ''): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('\n');
  return `<table class="${className}"><thead>${cells('th', head)}</thead><tbody>\n${body}\n</tbody></table>`;
}

export function pairs(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => `<tr><th>${name}</th><td>${value}</td></tr>`);
  return `<table class="pairs"><tbody>${lines.join('\n')}</tbody></table>`;
}
