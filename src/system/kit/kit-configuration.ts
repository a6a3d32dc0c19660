/** The settings of an installation, as a kit carries them sealed, and as a bare machine can use them. */
import { type Configuration, Secret } from '../configuration.ts';

/** With every secret in the clear: for nothing but to be sealed at once. */
export function revealedConfiguration(configuration: Configuration): Record<string, unknown> {
  const { configFile: _, ...settings } = configuration;
  return reveal(settings) as Record<string, unknown>;
}

function reveal(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(reveal);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner)]));
}

export interface BareMachine {
  dataDir: string;
  host: string | null;
  port: number | null;
  /** The model folder that came along; null where none did. */
  modelFolder: string | null;
}

/** What depends on the lost site is left out: its stores, its repositories, its place in a cluster, its endpoints. */
export function forBareMachine(
  settings: Readonly<Record<string, unknown>>,
  { dataDir, host, port, modelFolder }: BareMachine,
): Record<string, unknown> {
  const { answers, limits, retention, embedder, workers } = settings;
  const usable =
    modelFolder !== null && typeof embedder === 'object' && embedder !== null && 'folder' in embedder
      ? { embedder: { ...embedder, folder: modelFolder } }
      : {};
  return {
    dataDir,
    host: host ?? '127.0.0.1',
    port: port ?? settings.port,
    workers,
    sample: false,
    answers,
    limits,
    retention,
    ...usable,
  };
}
