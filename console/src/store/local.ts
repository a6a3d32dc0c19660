/** localStorage that never throws: private windows and full disks only cost the memory of a setting. */
export function readLocal<T>(key: string, fallback: T): T {
  try {
    const stored = globalThis.localStorage?.getItem(`budao:${key}`);
    return stored === null || stored === undefined ? fallback : (JSON.parse(stored) as T);
  } catch {
    return fallback;
  }
}

export function writeLocal(key: string, value: unknown): void {
  try {
    if (value === null || value === undefined) globalThis.localStorage?.removeItem(`budao:${key}`);
    else globalThis.localStorage?.setItem(`budao:${key}`, JSON.stringify(value));
  } catch {
    // The value lives on in memory until the page is left.
  }
}
