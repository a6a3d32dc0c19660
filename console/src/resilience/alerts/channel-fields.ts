/** What a channel is made of, as the form holds it and as the API takes it. */
import type { AlertChannel, ChannelKind, MailSecurity, Severity } from '../../api/operations.ts';

export const CHANNEL_KINDS: readonly ChannelKind[] = ['wecom', 'dingtalk', 'feishu', 'email', 'webhook'];
export const SECURITIES: readonly MailSecurity[] = ['tls', 'starttls', 'none'];
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

export interface ChannelFields {
  kind: ChannelKind;
  name: string;
  minSeverity: Severity;
  language: 'zh' | 'en';
  disabled: boolean;
  /** Never read back: empty in a form that changes a channel, and then left as it is. */
  url: string;
  secret: string;
  password: string;
  host: string;
  port: number;
  security: MailSecurity;
  username: string;
  from: string;
  /** Separated by commas, semicolons, spaces or line breaks. */
  to: string;
}

export function fieldsOf(channel: AlertChannel | null, language: 'zh' | 'en'): ChannelFields {
  const settings = channel?.settings ?? {};
  return {
    kind: channel?.kind ?? 'wecom',
    name: channel?.name ?? '',
    minSeverity: channel?.min_severity ?? 'warning',
    language: channel?.language ?? language,
    disabled: channel?.disabled ?? false,
    url: '',
    secret: '',
    password: '',
    host: settings.host ?? '',
    port: settings.port ?? 465,
    security: settings.security ?? 'tls',
    username: settings.username ?? '',
    from: settings.from ?? '',
    to: (settings.to ?? []).join('\n'),
  };
}

export const hasSecret = (kind: ChannelKind) => kind !== 'wecom' && kind !== 'email';

/** Whether everything needed is filled in. */
export function isComplete(fields: ChannelFields, isNew: boolean): boolean {
  if (fields.name.trim() === '') return false;
  if (fields.kind === 'email') {
    return fields.host.trim() !== '' && fields.from.trim() !== '' && recipients(fields.to).length > 0;
  }
  return !isNew || fields.url.trim() !== '';
}

/** The body of a request. A key that was left empty is not sent, so that it stays as it is. */
export function bodyOf(fields: ChannelFields, isNew: boolean): object {
  const { kind, name, minSeverity, language, disabled } = fields;
  return {
    ...(isNew ? { kind } : {}),
    name: name.trim(),
    min_severity: minSeverity,
    language,
    disabled,
    ...(kind === 'email' ? mailOf(fields) : { ...filled('url', fields.url) }),
    ...(hasSecret(kind) ? filled('secret', fields.secret) : {}),
  };
}

function mailOf({ host, port, security, username, password, from, to }: ChannelFields): object {
  return {
    host: host.trim(),
    port,
    security,
    username: username.trim() === '' ? null : username.trim(),
    // Spaces may be part of a password.
    ...(password === '' ? {} : { password }),
    from: from.trim(),
    to: recipients(to),
  };
}

function filled(name: string, value: string): object {
  return value.trim() === '' ? {} : { [name]: value.trim() };
}

function recipients(text: string): string[] {
  return text.split(/[\s,;，；、]+/).filter((one) => one !== '');
}
