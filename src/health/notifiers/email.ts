import type { Delivery, Notifier } from './notifier.ts';
import { notDelivered, refused } from './notifier.ts';
import { quote } from './post-json.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 20_000;
/** A mail server that cannot be reached, or asks to try again later (4xx). */
const FIRST_PERMANENT_REPLY = 500;

export interface EmailOptions {
  host: string;
  port: number;
  /** tls: from the first byte. starttls: required before anything is said. none: only within one's own network. */
  security: 'tls' | 'starttls' | 'none';
  username: string | null;
  password: string | null;
  from: string;
  to: readonly string[];
}

/** E-mail over SMTP, as plain text. */
export function createEmailNotifier(options: EmailOptions): Notifier {
  return async (delivery) => {
    // Only who sends mail loads the library.
    const { createTransport } = await import('nodemailer');
    const { host, port, security, username, password } = options;
    const transport = createTransport({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      ...(username === null ? {} : { auth: { user: username, pass: password ?? '' } }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      // The text comes from this program alone: nothing in it may name a file or an address to be read.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const stop = (): void => transport.close();
    delivery.signal.addEventListener('abort', stop);
    try {
      const { rejected } = await transport.sendMail(mailOf(options, delivery));
      if (rejected.length > 0) {
        throw refused(`the mail server took it for some, but not for ${rejected.map(String).join(', ')}.`);
      }
    } catch (error) {
      delivery.signal.throwIfAborted();
      throw reasonOf(error);
    } finally {
      delivery.signal.removeEventListener('abort', stop);
      transport.close();
    }
  };
}

function mailOf({ from, to }: EmailOptions, { id, message }: Delivery) {
  return {
    from,
    to: [...to],
    subject: message.title,
    text: `${message.paragraphs.join('\n\n').replaceAll('**', '')}\n`,
    // The same for every attempt: a server that has taken it already may drop the second.
    messageId: `<${id}@budao.invalid>`,
    headers: {
      'Auto-Submitted': 'auto-generated',
      ...(message.severity === 'critical' && !message.isRecovery ? { 'X-Priority': '1' } : {}),
    },
  };
}

function reasonOf(error: unknown): Error {
  const { code, responseCode, response, message } = error as {
    code?: string;
    responseCode?: number;
    response?: string;
    message?: string;
  };
  if (code === 'alert_refused') return error as Error;
  if (code === 'EAUTH') return refused(`the mail server does not take the user name or password.`, error);
  if (responseCode !== undefined && responseCode >= FIRST_PERMANENT_REPLY) {
    return refused(`the mail server says ${responseCode}${quote(response ?? '')}.`, error);
  }
  return notDelivered(`${code ?? ''} ${quote(response ?? message ?? '').trim()}`.trim(), error);
}
