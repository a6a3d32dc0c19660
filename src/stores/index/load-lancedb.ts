let loaded: Promise<typeof import('@lancedb/lancedb')> | null = null;

/** The native module is loaded with the first table, so that processes without an index start without it. */
export function loadLanceDb(): Promise<typeof import('@lancedb/lancedb')> {
  // Read by the native side when it is loaded; without it, warnings go to stdout.
  process.env.LANCEDB_LOG ??= 'error';
  loaded ??= import('@lancedb/lancedb');
  return loaded;
}
