import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scopeSql } from '../../ledger/scope.ts';
import { openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';
import { cleanFilename, listDocuments } from './documents.ts';
import { defaultKnowledgeBaseId, deleteKnowledgeBase, listKnowledgeBases } from './knowledge-bases.ts';
import { addDocument } from './memberships.ts';

describe('a cleaned file name', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\报告.docx', '报告.docx'],
    ['a\u0000b\u001b[31m\u202etxt.exe', 'ab[31mtxt.exe'],
    ['  ', 'unnamed'],
    ['..', 'unnamed'],
    ['dir/', 'unnamed'],
    ['cafe\u0301.md', 'café.md'],
    [`${'很'.repeat(400)}.pdf`, `${'很'.repeat(251)}.pdf`],
  ])('of %j is %j', (given, expected) => {
    expect(cleanFilename(given)).toBe(expected);
  });

  it('never ends in half a character', () => {
    expect(cleanFilename('😀'.repeat(200)).isWellFormed()).toBe(true);
  });
});

describe('the library', () => {
  let knowledge: TestKnowledge;

  beforeEach(async () => {
    knowledge = await openTestKnowledge();
  });
  afterEach(() => knowledge[Symbol.asyncDispose]());

  const sql = () => scopeSql(knowledge.ledger.read, WORKSPACE);

  it('always has a default knowledge base while it has any', async () => {
    const [one, two] = [await knowledge.createBase('one'), await knowledge.createBase('two')];
    expect(await defaultKnowledgeBaseId(sql())).toBe(one);
    const remove = (id: string) =>
      knowledge.ledger.transaction((tx) => deleteKnowledgeBase(scopeSql(tx, WORKSPACE), id, Date.now()));
    await remove(one);
    expect(await defaultKnowledgeBaseId(sql())).toBe(two);
    await remove(two);
    expect(await defaultKnowledgeBaseId(sql())).toBeNull();
  });

  it('pages forwards and backwards through neighbours, in either order', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 6; number++) ids.push(await knowledge.createBase(`base ${number}`));
    const page = async (options: { after?: string; before?: string; order: 'asc' | 'desc' }) =>
      (await listKnowledgeBases(sql(), { limit: 2, ...options })).map(({ id }) => ids.indexOf(id));
    expect(await page({ order: 'asc' })).toEqual([0, 1]);
    expect(await page({ order: 'asc', after: ids[1] as string })).toEqual([2, 3]);
    expect(await page({ order: 'asc', before: ids[4] as string })).toEqual([2, 3]);
    expect(await page({ order: 'desc', after: ids[4] as string })).toEqual([3, 2]);
    expect(await page({ order: 'desc', before: ids[2] as string })).toEqual([4, 3]);
    expect(await page({ order: 'asc', after: ids[1] as string, before: ids[3] as string })).toEqual([2]);
  });

  it('lists files by purpose, and none of another workspace', async () => {
    await knowledge.store('a.md', 'a');
    const page = { limit: 10, order: 'asc' } as const;
    expect(await listDocuments(sql(), { ...page, purpose: 'assistants' })).toHaveLength(1);
    expect(await listDocuments(sql(), { ...page, purpose: 'vision' })).toEqual([]);
    expect(await listDocuments(scopeSql(knowledge.ledger.read, 'ws_other'), page)).toEqual([]);
  });

  it('adds no file of one workspace to a knowledge base of another', async () => {
    const knowledgeBaseId = await knowledge.createBase();
    const documentId = await knowledge.store('a.md', 'a');
    const add = (workspaceId: string) =>
      knowledge.ledger.transaction((tx) =>
        addDocument(tx, workspaceId, { knowledgeBaseId, documentId }, Date.now()),
      );
    await expect(add('ws_other')).rejects.toMatchObject({ code: 'knowledge_base_not_found' });
    await expect(add(WORKSPACE)).resolves.toMatchObject({ kind: 'ingest' });
  });
});
