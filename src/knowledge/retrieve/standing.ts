/** Whether a document is in force, from the attributes that its owner gave it. */
import type { DocumentStanding } from '../../contract/answer.ts';
import type { Attributes } from '../library/memberships.ts';

const STATUS = ['status', 'state', '状态', '状態'];
const STARTS = ['effective_date', 'effective_from', 'valid_from', '生效日期', '施行日期', '实施日期'];
const ENDS = ['expiry_date', 'expires_on', 'valid_until', 'valid_to', '失效日期', '废止日期', '有效期至'];
const SUCCESSOR = ['superseded_by', 'replaced_by', '替代文件'];
const EDITION = ['edition', 'version', '版本', '版次'];
/** Documents that share it are editions of one. */
const SERIES = ['series', 'document_number', '文号', '文件编号'];

const WITHDRAWN =
  /^(?:superseded|withdrawn|replaced|obsolete|outdated|expired|repealed|revoked|cancell?ed|archived|inactive|invalid)$|废止|廢止|失效|作废|作廢|过期|過期|停用|旧版|舊版/iu;
const UPCOMING =
  /^(?:upcoming|draft|planned|pending|not[ _-]yet[ _-]in[ _-]force)$|草案|征求意见|待生效|未生效/iu;
const DATE = /^(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?/u;
const DAY_SECONDS = 86_400;

/**
 * Null where the attributes say nothing of it. `today` is `YYYY-MM-DD`; a date on its own counts from or until the end
 * of that day. Dates are texts, or seconds since 1970.
 */
export function standingOf(attributes: Attributes, today: string): DocumentStanding | null {
  const read = (names: readonly string[]) => names.map((name) => attributes[name]).find(isGiven);
  const status = String(read(STATUS) ?? '').trim();
  const effectiveDate = dateOf(read(STARTS));
  const endDate = dateOf(read(ENDS));
  const edition = read(EDITION);
  const series = read(SERIES);
  const withdrawn =
    WITHDRAWN.test(status) || read(SUCCESSOR) !== undefined || (endDate !== null && endDate < today);
  const upcoming = UPCOMING.test(status) || (effectiveDate !== null && effectiveDate > today);
  const said = status !== '' || effectiveDate !== null || endDate !== null || edition !== undefined;
  if (!said && !withdrawn) return null;
  return {
    state: withdrawn ? 'withdrawn' : upcoming ? 'upcoming' : 'in-force',
    effectiveDate,
    edition: edition === undefined ? null : String(edition),
    series: series === undefined ? null : String(series),
  };
}

/** `YYYY-MM-DD` by the clock of this machine (`TZ`): rules begin and end at the midnight of those who follow them. */
export function dayAt(timeMs: number): string {
  const date = new Date(timeMs);
  const parts = [
    [date.getFullYear(), 4],
    [date.getMonth() + 1, 2],
    [date.getDate(), 2],
  ] as const;
  return parts.map(([value, digits]) => String(value).padStart(digits, '0')).join('-');
}

function isGiven(value: string | number | boolean | undefined): boolean {
  return value !== undefined && value !== '' && value !== false;
}

/** `YYYY-MM-DD`, or null for what is no date. */
function dateOf(value: string | number | boolean | undefined): string | null {
  if (typeof value === 'number') {
    const date = new Date(value * 1_000);
    return value < DAY_SECONDS || Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 10);
  }
  const [, year, month = '', day = '1'] = DATE.exec(String(value ?? '').trim()) ?? [];
  return year === undefined ? null : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}
