/** A system that is drilled as it is, described in a file: where it is, who allowed it, and how its health is verified. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { TargetSettings } from '../targets/target.ts';

const TargetFile = z
  .strictObject({
    name: z.string().min(1),
    ...TargetSettings.omit({ apiKey: true, account: true }).shape,
    /** Secrets stay out of this file. */
    apiKeyFile: z.string().min(1).nullish(),
    account: z.strictObject({ name: z.string().min(1), passwordFile: z.string().min(1) }).nullish(),
    /** Of a system that people use, nothing is broken without somebody's word. */
    permission: z.strictObject({
      by: z.string().min(1),
      blastRadius: z.string().min(1),
    }),
    /** A shell's lines that succeed when the restored system is sound; each is a check of its integrity. */
    checks: z.array(z.strictObject({ name: z.string().min(1), command: z.string().min(1) })).default([]),
    /** For the report, as its version, its model and how much it holds. */
    system: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  })
  .strict();
type TargetFile = z.infer<typeof TargetFile>;

export interface ExternalTarget extends Pick<TargetFile, 'name' | 'permission' | 'checks' | 'system'> {
  settings: TargetSettings;
}

/** @throws BudaoError drill_target_invalid */
export function readTargetFile(path: string): ExternalTarget {
  const parsed = TargetFile.safeParse(contentOf(path));
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  const { name, permission, checks, system, apiKeyFile, account, ...settings } = parsed.data;
  const secretIn = (file: string): string => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw invalid(path, `${file} cannot be read`, error);
    }
  };
  return {
    name,
    permission,
    checks,
    system,
    settings: {
      ...settings,
      apiKey: apiKeyFile == null ? null : secretIn(apiKeyFile),
      account: account == null ? null : { name: account.name, password: secretIn(account.passwordFile) },
    },
  };
}

function contentOf(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : 'it cannot be read', error);
  }
}

function invalid(path: string, reason: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'invalid',
    'drill_target_invalid',
    `${path} does not describe a target:\n${reason}\nThe guide on drills shows one.`,
    { cause },
  );
}
