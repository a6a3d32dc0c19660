import { formatBytes, formatDuration, formatNumber, formatPercent } from '../i18n/format.ts';
import type { Language, Translate } from '../i18n/text.ts';
import type { Unit } from './plots.ts';

/** A number with its unit, in few digits. */
export function formatValue(t: Translate, language: Language, unit: Unit, value: number): string {
  switch (unit) {
    case 'ratio':
      return formatPercent(language, value);
    case 'bytes':
      return formatBytes(language, value);
    case 'seconds':
      return formatDuration(language, value);
    case 'count':
      return formatNumber(language, value);
    case 'per-second':
      return t('unit.perSecond', { value: formatNumber(language, inFewDigits(value)) });
    case 'per-minute':
      return t('unit.perMinute', { value: formatNumber(language, inFewDigits(value)) });
  }
}

function inFewDigits(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(2));
}
