import { z } from 'zod';

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

/** Attribute filters as OpenAI has them. */
export const AttributeFilter: z.ZodType<AttributeFilter> = z
  .union([
    ComparisonFilter,
    z.strictObject({
      type: z.enum(['and', 'or']),
      get filters() {
        return z.array(AttributeFilter).min(1).max(50);
      },
    }),
  ])
  .meta({ id: 'AttributeFilter' });
