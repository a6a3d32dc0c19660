import { BudaoError } from '../../contract/errors.ts';

const RETRY_AFTER_MS = 2_000;

/** Keeps one workspace from taking all of the disk's attention. */
export class UploadSlots {
  readonly #taken = new Map<string, number>();
  readonly #limitOf: (workspaceId: string) => Promise<number>;

  constructor(limitOf: (workspaceId: string) => Promise<number>) {
    this.#limitOf = limitOf;
  }

  /** @throws TooManyUploadsError */
  async during<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
    const limit = await this.#limitOf(workspaceId);
    const taken = this.#taken.get(workspaceId) ?? 0;
    if (taken >= limit) throw new TooManyUploadsError(limit);
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
