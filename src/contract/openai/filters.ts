import { z } from 'zod';

/** In all levels together. */
const MAX_FILTERS = 3_000;

const Value = z.union([z.string(), z.number(), z.boolean()]);

/** Which comparison goes with a list is for the search to say. */
export const ComparisonFilter = z.strictObject({
  type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin']),
  key: z.string(),
  value: z.union([Value, z.array(Value).max(1_000)]),
});
export type ComparisonFilter = z.infer<typeof ComparisonFilter>;

export interface CompoundFilter {
  type: 'and' | 'or';
  filters: AttributeFilter[];
}
export type AttributeFilter = ComparisonFilter | CompoundFilter;

const FilterTree: z.ZodType<AttributeFilter> = z
  .union([
    ComparisonFilter,
    z.strictObject({
      type: z.enum(['and', 'or']),
      get filters() {
        return z.array(FilterTree).min(1).max(50);
      },
    }),
  ])
  .meta({ id: 'AttributeFilter' });

/** Attribute filters as OpenAI has them. Counted first: to say what is wrong with each of many takes seconds. */
export const AttributeFilter: z.ZodType<AttributeFilter> = z
  .unknown()
  .refine((value) => countFilters(value) <= MAX_FILTERS, {
    error: `at most ${MAX_FILTERS} filters may be combined`,
    abort: true,
  })
  .pipe(FilterTree);

/** No further than to the first one too many. */
function countFilters(filter: unknown): number {
  const left = [filter];
  let count = 0;
  for (let value = left.pop(); value !== undefined && count <= MAX_FILTERS; value = left.pop()) {
    count += 1;
    const inner = (value as { filters?: unknown } | null)?.filters;
    if (Array.isArray(inner)) left.push(...inner.slice(0, MAX_FILTERS + 1));
  }
  return count;
}
