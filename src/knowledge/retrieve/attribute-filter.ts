import { BudaoError } from '../../contract/errors.ts';
import { ComparisonFilter } from '../../contract/openai/filters.ts';
import type { Attributes, AttributeValue } from '../library/memberships.ts';

const MAX_FILTER_DEPTH = 8;
/** Each document of a knowledge base is compared with all of them, while the process does nothing else. */
const MAX_COMPARED_VALUES = 2_000;

type Comparison =
  | { type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; key: string; value: AttributeValue }
  | { type: 'in' | 'nin'; key: string; value: AttributeValue[] };

/** The attribute filter of the OpenAI API, with each comparison beside what it can compare with. */
export type AttributeFilter = Comparison | { type: 'and' | 'or'; filters: AttributeFilter[] };

/** @throws BudaoError invalid_filter */
export function parseAttributeFilter(value: unknown): AttributeFilter {
  return parse(value, 0, { values: 0 });
}

function parse(value: unknown, depth: number, compared: { values: number }): AttributeFilter {
  if (depth > MAX_FILTER_DEPTH) throw invalidFilter(`is nested deeper than ${MAX_FILTER_DEPTH} levels`);
  if (typeof value === 'object' && value !== null && 'filters' in value) {
    const { type, filters } = value as { type?: unknown; filters: unknown };
    if ((type !== 'and' && type !== 'or') || !Array.isArray(filters)) {
      throw invalidFilter('combines filters by a type that is neither `and` nor `or`');
    }
    count(compared, 1);
    return { type, filters: filters.map((filter) => parse(filter, depth + 1, compared)) };
  }
  const parsed = ComparisonFilter.safeParse(value);
  if (!parsed.success)
    throw invalidFilter('needs `type` (eq, ne, gt, gte, lt, lte, in, nin), `key` and `value`');
  count(compared, Array.isArray(parsed.data.value) ? parsed.data.value.length : 1);
  return comparisonOf(parsed.data);
}

function comparisonOf({ type, key, value }: ComparisonFilter): Comparison {
  if (type === 'in' || type === 'nin') {
    if (Array.isArray(value)) return { type, key, value };
    throw invalidFilter(`has \`${type}\` with a single value; give a list, or use \`eq\` or \`ne\``);
  }
  if (!Array.isArray(value)) return { type, key, value };
  throw invalidFilter(`has \`${type}\` with a list; give a single value, or use \`in\` or \`nin\``);
}

function count(compared: { values: number }, values: number): void {
  compared.values += values;
  if (compared.values > MAX_COMPARED_VALUES) {
    throw invalidFilter(`compares with more than ${MAX_COMPARED_VALUES} values`);
  }
}

export function matchesFilter(filter: AttributeFilter, attributes: Attributes): boolean {
  if (filter.type === 'and') return filter.filters.every((inner) => matchesFilter(inner, attributes));
  if (filter.type === 'or') return filter.filters.some((inner) => matchesFilter(inner, attributes));
  return matchesComparison(filter as Comparison, attributes[(filter as Comparison).key]);
}

function matchesComparison(filter: Comparison, present: AttributeValue | undefined): boolean {
  switch (filter.type) {
    case 'eq':
      return present === filter.value;
    case 'ne':
      return present !== filter.value;
    case 'in':
      return present !== undefined && filter.value.includes(present);
    case 'nin':
      return present === undefined || !filter.value.includes(present);
    default:
      return comparesAs(filter.type, present, filter.value);
  }
}

/** Numbers with numbers, texts with texts (dates as ISO texts); anything else does not match. */
function comparesAs(
  type: 'gt' | 'gte' | 'lt' | 'lte',
  left: AttributeValue | undefined,
  right: AttributeValue,
): boolean {
  if (left === undefined || typeof left !== typeof right) return false;
  if (type === 'gt') return left > right;
  if (type === 'gte') return left >= right;
  if (type === 'lt') return left < right;
  return left <= right;
}

function invalidFilter(what: string): BudaoError {
  return new BudaoError('invalid', 'invalid_filter', `The attribute filter ${what}.`, { param: 'filters' });
}
