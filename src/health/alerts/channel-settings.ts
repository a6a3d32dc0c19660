/** What a channel needs, by its kind; `secrets` are sealed before they are stored and never shown again. */
import { z } from 'zod';
import { LANGUAGES, SEVERITIES } from './rule.ts';

const MAX_RECIPIENTS = 50;

const line = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((value) => !/[\r\n]/.test(value), { error: 'must be one line' });
const url = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).max(2_000);
const mailbox = line.refine((value) => value.includes('@'), { error: 'must be an e-mail address' });

const common = {
  name: line.max(100),
  min_severity: z.enum(SEVERITIES).default('warning'),
  language: z.enum(LANGUAGES).default('zh'),
  disabled: z.boolean().default(false),
};

export const ChannelBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), ...common, url, secret: line.nullish() }),
  z.strictObject({ kind: z.literal('wecom'), ...common, url }),
  z.strictObject({ kind: z.literal('dingtalk'), ...common, url, secret: line.nullish() }),
  z.strictObject({ kind: z.literal('feishu'), ...common, url, secret: line.nullish() }),
  z.strictObject({
    kind: z.literal('email'),
    ...common,
    host: line,
    port: z.int().min(1).max(65_535).default(465),
    security: z.enum(['tls', 'starttls', 'none']).default('tls'),
    username: line.nullish(),
    password: z.string().min(1).max(500).nullish(),
    from: mailbox,
    to: z.array(mailbox).min(1).max(MAX_RECIPIENTS),
  }),
]);
export type ChannelBody = z.infer<typeof ChannelBody>;

/** Of a change: the kind stays, and what is left out stays as it is. */
export const ChannelChangeBody = z.strictObject({
  name: common.name.optional(),
  min_severity: z.enum(SEVERITIES).optional(),
  language: z.enum(LANGUAGES).optional(),
  disabled: z.boolean().optional(),
  url: url.optional(),
  secret: line.nullish(),
  host: line.optional(),
  port: z.int().min(1).max(65_535).optional(),
  security: z.enum(['tls', 'starttls', 'none']).optional(),
  username: line.nullish(),
  password: z.string().min(1).max(500).nullish(),
  from: mailbox.optional(),
  to: z.array(mailbox).min(1).max(MAX_RECIPIENTS).optional(),
});
export type ChannelChangeBody = z.infer<typeof ChannelChangeBody>;

const SECRETS = new Set(['url', 'secret', 'password']);
/** Stored beside the settings. */
const COLUMNS = new Set(['kind', 'name', 'min_severity', 'language', 'disabled']);

/** Chat robots have their key in the address, so addresses are secrets; only their host is shown. */
export function splitSecrets(body: ChannelBody): {
  settings: Record<string, unknown>;
  secrets: Record<string, unknown>;
} {
  const entries = Object.entries(body).filter(
    ([field, value]) => !COLUMNS.has(field) && value !== undefined && value !== null,
  );
  const settings = Object.fromEntries(entries.filter(([field]) => !SECRETS.has(field)));
  if ('url' in body) settings['address'] = shownAddress(body.url);
  return { settings, secrets: Object.fromEntries(entries.filter(([field]) => SECRETS.has(field))) };
}

function shownAddress(address: string): string {
  const { origin } = new URL(address);
  return `${origin}/…${address.length >= 48 ? address.slice(-4) : ''}`;
}
