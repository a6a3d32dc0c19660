/** A refusal from the API, or the absence of an answer (`code` 'unreachable'). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly requestId: string | null;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { param?: string | null; requestId?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.param = options.param ?? null;
    this.requestId = options.requestId ?? null;
  }

  /** True when the same request may succeed later without anyone changing it. */
  get isPassing(): boolean {
    return (
      this.status === 0 ||
      this.status === 408 ||
      this.status === 409 ||
      this.status === 429 ||
      this.status >= 500
    );
  }

  /** True when the same request is refused again, however often it is sent and whoever signs in anew. */
  get isFinal(): boolean {
    return !this.isPassing && this.status !== 401;
  }
}

export function unreachable(cause: unknown): ApiError {
  return new ApiError(0, 'unreachable', 'The server cannot be reached.', { cause });
}

/** Reads the OpenAI error shape, problem+json, or whatever a proxy put in between. */
export function errorFromBody(status: number, body: string, requestId: string | null): ApiError {
  const shape = parseShape(body);
  const code = shape.code ?? shape.type ?? `http_${status}`;
  return new ApiError(status, code, shape.message ?? `HTTP ${status}`, {
    param: shape.param ?? null,
    requestId,
  });
}

interface ErrorShape {
  code?: string | null;
  type?: string | null;
  message?: string | null;
  param?: string | null;
}

function parseShape(body: string): ErrorShape {
  try {
    const parsed = JSON.parse(body) as { error?: ErrorShape; code?: string; detail?: string; title?: string };
    if (parsed.error) return parsed.error;
    return { code: parsed.code ?? null, message: parsed.detail ?? parsed.title ?? null };
  } catch {
    return {};
  }
}
