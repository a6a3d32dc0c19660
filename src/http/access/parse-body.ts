import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';

/** The body as its schema has it. @throws BudaoError invalid_request naming the first field at fault */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path =
    issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? []);
  const param = path.length === 0 ? null : path.map(String).join('.');
  const reason = issue?.code === 'unrecognized_keys' ? 'This field is not known here.' : `${issue?.message}.`;
  throw new BudaoError('invalid', 'invalid_request', param === null ? reason : `${param}: ${reason}`, {
    param,
  });
}

export const unixSeconds = (timeMs: number): number => Math.floor(timeMs / 1_000);
