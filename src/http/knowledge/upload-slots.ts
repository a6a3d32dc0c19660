import { BudaoError } from '../../contract/errors.ts';

/** Uploads that one workspace may have under way in this process; a browser and a client library send up to six. */
export const MAX_UPLOADS_PER_WORKSPACE = 16;
const RETRY_AFTER_MS = 2_000;

/** Keeps one workspace from taking all of the disk's attention. */
export class UploadSlots {
  readonly #taken = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number = MAX_UPLOADS_PER_WORKSPACE) {
    this.#limit = limit;
  }

  /** @throws TooManyUploadsError */
  async during<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
    const taken = this.#taken.get(workspaceId) ?? 0;
    if (taken >= this.#limit) throw new TooManyUploadsError(this.#limit);
    this.#taken.set(workspaceId, taken + 1);
    try {
      return await work();
    } finally {
      const left = (this.#taken.get(workspaceId) ?? 1) - 1;
      if (left === 0) this.#taken.delete(workspaceId);
      else this.#taken.set(workspaceId, left);
    }
  }
}

export class TooManyUploadsError extends BudaoError {
  readonly retryAfterMs = RETRY_AFTER_MS;

  constructor(limit: number) {
    super(
      'rate_limited',
      'too_many_uploads',
      `This workspace has ${limit} uploads under way. Wait for one of them to finish, then send this one again.`,
    );
  }
}
