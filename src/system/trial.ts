/** What was tried of a configuration, and how it went. */
export interface Trial {
  kind: 'model' | 'embedder' | 'ledger' | 'nodes' | 'channel' | 'blobs' | 'index' | 'secret' | 'repository';
  name: string;
  ok: boolean;
  durationMs: number;
  /** A remark on success, else what is wrong and what to do about it. */
  message: string;
}

export async function attempt(
  kind: Trial['kind'],
  name: string,
  work: () => Promise<string>,
): Promise<Trial> {
  const startedMs = performance.now();
  const trial = { kind, name };
  const durationMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const message = await work();
    return { ...trial, ok: true, durationMs: durationMs(), message };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...trial, ok: false, durationMs: durationMs(), message };
  }
}
