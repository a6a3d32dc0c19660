import { z } from 'zod';
import { defineFault } from './fault.ts';

interface Store {
  id: string;
  file_counts: { completed: number };
}

/** A person deletes the wrong knowledge base; the installation goes back to the moment before. */
export const knowledgeBaseDeleted = defineFault({
  name: 'knowledge-base-deleted',
  about: {
    en: 'somebody deletes the knowledge base with the most documents; it comes back as it was a moment before',
    zh: '有人删除了文档最多的知识库；恢复到删除前一刻',
  },
  parameters: z.strictObject({}),
  requires: ['linux'],
  needs: ['repository'],
  async prepare(laboratory) {
    const { first: node, repository } = laboratory;
    if (repository === null) throw new Error('this laboratory has no repository');
    const stores = async () => (await node.json<{ data: Store[] }>('GET', '/v1/vector_stores')).data;
    const [largest] = (await stores()).sort((a, b) => b.file_counts.completed - a.file_counts.completed);
    if (largest === undefined) throw new Error('there is no knowledge base to delete');
    const found = async () => (await stores()).find(({ id }) => id === largest.id);
    let before = new Date();
    return {
      victim: `knowledge base ${largest.id}`,
      undoActs: [],
      async inject() {
        before = new Date();
        await node.json('DELETE', `/v1/vector_stores/${largest.id}`);
      },
      isInjected: async () => (await found()) === undefined,
      async undo() {
        await node.stop();
        await repository.restoreInto(node, before);
        await node.start();
      },
      isUndone: async () =>
        (await node.isReady()) && (await found())?.file_counts.completed === largest.file_counts.completed,
    };
  },
});
