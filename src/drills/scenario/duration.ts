import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/;

/** `500ms`, `5s`, `2m`, `1h`; in milliseconds once read. */
export const Duration = z
  .union([z.string(), z.number()], { error: 'must be a time such as 500ms, 5s or 2m' })
  .transform((value, context) => {
    const found = FORM.exec(String(value).trim());
    if (found !== null) return Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS];
    context.addIssue({ code: 'custom', message: 'must be a time with its unit, such as 500ms, 5s or 2m' });
    return z.NEVER;
  });

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}
