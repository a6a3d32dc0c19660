import { z } from 'zod';
import type { LaboratoryNode } from '../laboratory/node.ts';
import { isSame, type ProcessStat, signal } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { defineFault } from './fault.ts';

const CAUGHT_DEADLINE_MS = 30_000;
const PARAGRAPHS = 6_000;

/** A document that is long enough to be caught while it is read, killed in the middle, and expected to arrive. */
export const ingestKill = defineFault({
  name: 'ingest-kill',
  about: {
    en: 'SIGKILL of whoever is reading a document, in its middle',
    zh: '在读取文档的中途杀死读取它的进程',
  },
  parameters: z.strictObject({ target: z.enum(['parser', 'worker']).default('worker') }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { target }) {
    const node = laboratory.first;
    let document: Document | null = null;
    let victim: ProcessStat | null = null;
    return {
      victim: `${target} of ${node.name} with a document`,
      undoActs: [],
      async inject() {
        document = await upload(node);
        await waitUntil(() => node.processes('parser').length > 0, CAUGHT_DEADLINE_MS);
        victim = (target === 'parser' ? node.processes('parser') : await holders(node))[0] ?? null;
        if (victim === null) throw new Error('nobody was reading the document');
        signal(victim.pid, 'SIGKILL');
      },
      isInjected: async () => victim !== null && !isSame(victim),
      undo: async () => {},
      isUndone: async () =>
        document !== null && (await statusOf(node, document)) === 'completed' && (await node.isReady()),
    };
  },
});

interface Document {
  store: string;
  file: string;
}

async function upload(node: LaboratoryNode): Promise<Document> {
  const lines = Array.from({ length: PARAGRAPHS }, (_, index) => `<p>Paragraph ${index} of the drill.</p>`);
  const form = new FormData();
  form.append('purpose', 'assistants');
  form.append('file', new File([`<html><body>${lines.join('\n')}</body></html>`], 'drill-ingest.html'));
  const { id: file } = await node.json<{ id: string }>('POST', '/v1/files', form);
  const { id: store } = await node.json<{ id: string }>('POST', '/v1/vector_stores', {
    name: 'drill: ingest',
    file_ids: [file],
  });
  return { store, file };
}

async function statusOf(node: LaboratoryNode, { store, file }: Document): Promise<string> {
  return node
    .json<{ status: string }>('GET', `/v1/vector_stores/${store}/files/${file}`)
    .then(({ status }) => status);
}

/** A parser's parent is the worker that gave it the document. */
async function holders(node: LaboratoryNode): Promise<ProcessStat[]> {
  const parents = new Set(node.processes('parser').map(({ parent }) => parent));
  return node.processes('worker').filter(({ pid }) => parents.has(pid));
}
