import { z } from 'zod';

/** Since the epoch. */
export const Seconds = z.int();
export const Pairs = z.record(z.string(), z.string());
export const AttributeValues = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export const Failure = z.object({ code: z.string(), message: z.string() });

/** A page of a list, as `listPage` makes it. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  });
}

/** A list that comes whole. */
export function wholeListOf<Item extends z.ZodType>(item: Item) {
  return z.object({ object: z.literal('list'), data: z.array(item), has_more: z.literal(false) });
}

export function deletionOf<Name extends string>(object: Name) {
  return z.object({ id: z.string(), object: z.literal(object), deleted: z.literal(true) });
}

/** How errors come: the clients of the API get OpenAI's shape, operators get problem+json (RFC 9457). */
export const ErrorReply = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
    }),
  })
  .meta({ id: 'Error' });

export const ProblemReply = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    param: z.string().nullable(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' });
