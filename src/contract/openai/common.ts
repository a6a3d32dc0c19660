import { z } from 'zod';

const NO_CONTROL_CHARACTERS = 'it must hold no control characters, such as NUL or an escape';

/**
 * What people name things by. Control characters would forge lines in lists, logs and headers, and not every ledger
 * can keep a NUL.
 */
export const Line = z.string().regex(/^\P{Cc}*$/u, `${NO_CONTROL_CHARACTERS}; nor line breaks`);
/** The same for what may have several lines. */
export const Lines = z.string().regex(/^[\P{Cc}\t\n\r]*$/u, NO_CONTROL_CHARACTERS);

/** OpenAI's limits on metadata. */
export const Metadata = z
  .record(Line.max(64), Lines.max(512))
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
