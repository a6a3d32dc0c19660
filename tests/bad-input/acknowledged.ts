/** Everything that a service has acknowledged, to be found again whatever happened since. */
import type { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const SETTLE_DEADLINE_MS = 60_000;
const REFUSAL_DEADLINE_MS = 30_000;

export interface Attempt {
  status: number;
  code: string | null;
  message: string;
}

export class Acknowledged {
  readonly #service: Service;
  readonly #answers = new Map<string, string>();
  readonly #files = new Map<string, string>();
  #conversation = '';
  #count = 0;

  constructor(service: Service) {
    this.#service = service;
  }

  /** A question that is kept and answered in the background. */
  async ask(): Promise<Attempt> {
    const input = `question ${++this.#count}`;
    if (this.#conversation === '') {
      const made = await this.#send('POST', '/v1/conversations', {});
      if (made.status !== 200) return made;
      this.#conversation = made.id;
    }
    const conversation = this.#conversation;
    const body = { model: 'extractive', background: true, input, conversation };
    const attempt = await this.#send('POST', '/v1/responses', body);
    if (attempt.status === 200) this.#answers.set(attempt.id, input);
    return attempt;
  }

  async upload(): Promise<Attempt & { id: string }> {
    const text = `# ${++this.#count}\n\nDocument ${this.#count} of the test.\n`;
    const form = new FormData();
    form.set('purpose', 'assistants');
    form.set('file', new File([text], `${this.#count}.md`));
    const attempt = await this.#send('POST', '/v1/files', form);
    if (attempt.status === 200) this.#files.set(attempt.id, text);
    return attempt;
  }

  read(file: string): Promise<Attempt> {
    return this.#send('GET', `/v1/files/${file}/content`);
  }

  /** Somebody has removed its bytes by hand. */
  forget(file: string): void {
    this.#files.delete(file);
  }

  /** Until something is answered in the way that is expected. */
  static async untilAnswered<Answer extends Attempt>(
    attempt: () => Promise<Answer>,
    isExpected: (answer: Answer) => boolean,
  ): Promise<Answer> {
    let last: Answer | null = null;
    await until(
      async () => {
        last = await attempt();
        return isExpected(last);
      },
      REFUSAL_DEADLINE_MS,
      () => `never answered as expected, last: ${JSON.stringify(last)}`,
    );
    return last as unknown as Answer;
  }

  /** Nothing that was acknowledged is lost, doubled or left unfinished. */
  async verify(): Promise<void> {
    let open: string[] = [...this.#answers.keys()];
    await until(
      async () => {
        const states = await Promise.all(open.map(async (id) => [id, await this.#statusOf(id)] as const));
        const bad = states.find(([, status]) => /failed|lost|cancelled/.test(status));
        if (bad !== undefined) throw new Error(`the answer ${bad.join(' is ')}`);
        open = states.filter(([, status]) => status !== 'completed').map(([id]) => id);
        return open.length === 0;
      },
      SETTLE_DEADLINE_MS,
      () => `never finished: ${open.join(', ')}\n${this.#service.output.slice(-3_000)}`,
    );
    await this.#verifyOrder();
    for (const [id, text] of this.#files) {
      const found = await this.#service.request('GET', `/v1/files/${id}/content`);
      const read = await found.text();
      if (read !== text) throw new Error(`the file ${id} is lost: ${found.status} ${read}`);
    }
  }

  async #verifyOrder(): Promise<void> {
    const asked: string[] = [];
    for (let after = ''; ; ) {
      const page = await this.#service.json<{
        data: { id: string; role?: string; content?: { text?: string }[] }[];
        has_more: boolean;
        last_id: string;
      }>(
        'GET',
        `/v1/conversations/${this.#conversation}/items?order=asc&limit=100${after === '' ? '' : `&after=${after}`}`,
      );
      for (const { role, content } of page.data) if (role === 'user') asked.push(content?.[0]?.text ?? '');
      if (!page.has_more) break;
      after = page.last_id;
    }
    const missing = [...this.#answers.values()].filter((input) => !asked.includes(input));
    if (missing.length > 0) throw new Error(`lost from the conversation: ${missing.join(', ')}`);
    if (new Set(asked).size !== asked.length) throw new Error(`asked twice: ${asked.join(', ')}`);
  }

  async #statusOf(id: string): Promise<string> {
    const response = await this.#service.request('GET', `/v1/responses/${id}`);
    if (response.status === 404) return 'lost';
    if (!response.ok) return 'not known';
    return ((await response.json()) as { status: string }).status;
  }

  async #send(method: string, path: string, body?: unknown): Promise<Attempt & { id: string }> {
    const response = await this.#service
      .request(method, path, body, { connection: 'close' })
      .catch((error: unknown) => String(error));
    if (typeof response === 'string') return { status: 0, code: null, message: response, id: '' };
    const text = await response.text();
    const read = parse(text);
    return {
      status: response.status,
      code: read.error?.code ?? null,
      message: read.error?.message ?? text,
      id: read.id ?? '',
    };
  }
}

function parse(text: string): { id?: string; error?: { code?: string; message?: string } } {
  try {
    return JSON.parse(text) as { id?: string };
  } catch {
    return {};
  }
}
