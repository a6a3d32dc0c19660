import { expect } from 'vitest';

interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string };
}

/** The error shape that OpenAI clients read, with words that a person can act on. */
export async function expectError(
  response: Response,
  expected: { status: number; code: string; param?: string | null },
): Promise<string> {
  const text = await response.text();
  const { error } = parse(text);
  expect({ status: response.status, code: error?.code, text: text.slice(0, 300) }).toMatchObject({
    status: expected.status,
    code: expected.code,
  });
  expect(error).toEqual({
    message: expect.stringMatching(/\w.{10,}/su),
    type: expect.stringMatching(/^[a-z_]+$/u),
    param: expected.param === undefined ? expect.toSatisfy(isParam) : expected.param,
    code: expected.code,
  });
  expect(text).not.toMatch(/\bat \w+ \(|node_modules|SQLITE_|ENOENT/u);
  return error.message;
}

function parse(text: string): ErrorBody {
  try {
    return JSON.parse(text) as ErrorBody;
  } catch {
    throw new Error(`no JSON: ${text.slice(0, 300)}`);
  }
}

function isParam(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value !== '');
}
