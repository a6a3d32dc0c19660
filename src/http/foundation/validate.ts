import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';

type Issue = z.core.$ZodIssue;

/**
 * The value as the schema has it.
 *
 * @throws BudaoError with the first bad field as `param`
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues, []);
}

/** A body that may be left out counts as an empty object. */
export function validateBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const value = body ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new BudaoError('invalid', 'invalid_body', 'Send the request body as a JSON object.');
  }
  return validate(schema, value);
}

/** For signing in and the administration, whose clients know one code for whatever is wrong with a body. */
export function validateForm<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  try {
    return validateBody(schema, body);
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    throw new BudaoError('invalid', 'invalid_request', error.message, { param: error.param });
  }
}

function invalid(issues: readonly Issue[], prefix: readonly PropertyKey[]): BudaoError {
  const issue = issues[0];
  if (issue === undefined) return new BudaoError('invalid', 'invalid_value', 'The request is not valid.');
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const param = dotted([...path, issue.keys[0] ?? '']);
    return new BudaoError('invalid', 'unknown_parameter', `Unknown parameter: '${param}'.`, { param });
  }
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors);
    if (branch !== null) return invalid(branch, path);
  }
  const param = path.length === 0 ? null : dotted(path);
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return new BudaoError(
      'invalid',
      'missing_required_parameter',
      `Missing required parameter: '${param}'.`,
      {
        param,
      },
    );
  }
  if (issue.code === 'invalid_key') return invalid(issue.issues, path);
  const code = issue.code === 'invalid_type' ? 'invalid_type' : 'invalid_value';
  const where = param === null ? '' : ` for '${param}'`;
  return new BudaoError('invalid', code, `Invalid value${where}: ${issue.message}.`, { param });
}

/** The alternative that fits furthest says best what is wrong; one of the right type fits further than others. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  let closest: readonly Issue[] | null = null;
  let closestDepth = 0;
  for (const branch of branches) {
    const depth = Math.max(
      0,
      ...branch.map(({ path, code }) => path.length + (code === 'invalid_type' ? 0 : 0.5)),
    );
    if (depth > closestDepth) {
      closest = branch;
      closestDepth = depth;
    }
  }
  return closest;
}

/** A name that the client made up goes into messages and logs: as JSON writes it, it can do no harm there. */
function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A field's place as errors name it. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .join('.')
    .replaceAll(/\p{Cc}/gu, escaped);
}
