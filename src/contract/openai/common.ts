import { z } from 'zod';

/** OpenAI's limits on metadata. */
export const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'metadata has at most 16 pairs');

/** Query strings come as text. */
const QueryInteger = z.coerce.number().pipe(z.int());
export const QueryBoolean = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1');

export const PageQuery = z.object({
  limit: QueryInteger.pipe(z.int().min(1).max(100)).default(20),
  after: z.string().optional(),
  order: z.enum(['asc', 'desc']).default('desc'),
});

export function listPage<Item extends { id: string }>(
  items: readonly Item[],
  limit: number,
): { object: 'list'; data: Item[]; has_more: boolean; first_id: string | null; last_id: string | null } {
  const data = items.slice(0, limit);
  return {
    object: 'list',
    data,
    has_more: items.length > limit,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
