import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { composeMessage } from '../alerts/message.ts';
import type { Notice, NoticeAlert } from '../alerts/notice.ts';
import type { Language } from '../alerts/rule.ts';
import type { Delivery } from './notifier.ts';

export interface Received {
  url: URL;
  headers: IncomingHttpHeaders;
  text: string;
  body: Record<string, unknown>;
}

/** A receiver on a port of its own, which answers by script and remembers what it got. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(
    answer: (received: Received) => { status?: number; headers?: Record<string, string>; body: unknown },
  ): Promise<Receiver> {
    const server = createServer((request, response) => {
      void textOf(request).then((text) => {
        const body = JSON.parse(text) as Record<string, unknown>;
        const received = {
          url: new URL(request.url ?? '', 'http://x'),
          headers: request.headers,
          text,
          body,
        };
        receiver.received.push(received);
        const { status = 200, headers = {}, body: said } = answer(received);
        response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new Receiver(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      () => new Promise((resolve) => server.close(() => resolve())),
    );
    return receiver;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

export function alertOf(change: Partial<NoticeAlert> = {}): NoticeAlert {
  return {
    id: 'alert_1',
    rule: 'model-away',
    subject: 'qwen',
    severity: 'critical',
    value: 1,
    state: 'firing',
    firedAt: Date.UTC(2026, 0, 5, 8),
    resolvedAt: null,
    ...change,
  };
}

export function deliveryOf(alerts: NoticeAlert[] = [alertOf()], language: Language = 'zh'): Delivery {
  const notice: Notice = { group: 'models', alerts };
  return {
    id: 'run_1',
    notice,
    message: composeMessage(notice, language, 'node-1'),
    language,
    signal: AbortSignal.timeout(20_000),
  };
}
