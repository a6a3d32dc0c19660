/** What an index in a bucket or in a shared folder asks of the place; a key is one or more plain names with slashes. */
export interface ObjectStore {
  /** Durable when it resolves; in place of what was there. */
  put(key: string, body: Buffer): Promise<void>;
  putFile(key: string, path: string): Promise<void>;
  /** Of all callers everywhere, one makes the object. @returns whether it was this one */
  putIfAbsent(key: string, body: Buffer): Promise<boolean>;
  get(key: string): Promise<Buffer | null>;
  read(key: string): Promise<AsyncIterable<Buffer> | null>;
  /** In the order of their keys, with all that was put before. */
  list(prefix: string, limit?: number): AsyncIterable<{ key: string; ageMs: number }>;
  delete(key: string): Promise<void>;
}
