/** Writes to a service as fast as it takes them, and keeps what it acknowledged where the service cannot lose it. */
import type { Service } from '../support/service.ts';

export interface AcknowledgedWrite {
  /** Where it is found again. */
  path: string;
  /** What must be found there; null where being there is enough. */
  text: string | null;
  /** When it was acknowledged. */
  at: number;
}

export function writeOn(service: Service): { acknowledged: AcknowledgedWrite[]; stop(): Promise<void> } {
  const acknowledged: AcknowledgedWrite[] = [];
  let stopped = false;
  const lane = async (write: (number: number) => Promise<AcknowledgedWrite>): Promise<void> => {
    for (let number = 0; !stopped; number++) {
      try {
        acknowledged.push(await write(number));
      } catch {
        // Nothing was acknowledged.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const lanes = [lane(conversation), lane(document)];
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await Promise.all(lanes);
    },
  };

  async function conversation(): Promise<AcknowledgedWrite> {
    const { id } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    return { path: `/v1/conversations/${id}`, text: null, at: Date.now() };
  }

  async function document(number: number): Promise<AcknowledgedWrite> {
    const text = `# ${Date.now()} ${number}\n\nA document of the test.\n`;
    const form = new FormData();
    form.set('purpose', 'assistants');
    form.set('file', new File([text], `${number}.md`));
    const { id } = await service.json<{ id: string }>('POST', '/v1/files', form);
    return { path: `/v1/files/${id}/content`, text, at: Date.now() };
  }
}
