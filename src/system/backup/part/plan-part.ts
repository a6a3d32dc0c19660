/** What of a snapshot would come back, under which ids, and what is here already. Reads; changes nothing. */
import { BudaoError } from '../../../contract/errors.ts';
import type { Sql, SqlRow } from '../../../ledger/ledger.ts';
import { derivedId } from './derived-id.ts';
import { type FoundPart, findPart } from './find-part.ts';
import type { Fate, PartItem, PartKind, PartSelector } from './part.ts';
import { findRestorer, People } from './people.ts';

/** From so many on they are read together, not one by one. */
const MANY_DOCUMENTS = 100;

export interface PlannedRow {
  row: SqlRow;
  id: string;
  fate: Fate;
}

export interface PlannedBase extends PlannedRow {
  /** To be put into it, as they are in the snapshot. */
  memberships: SqlRow[];
}

export interface PlannedConversation extends PlannedRow {
  messages: number;
}

export interface PartPlan {
  snapshotId: string;
  kind: PartKind;
  what: FoundPart;
  workspace: { id: string; name: string; isNew: boolean };
  people: People;
  bases: PlannedBase[];
  /** By their ids in the snapshot. */
  documents: Map<string, PlannedRow>;
  conversations: PlannedConversation[];
  items: PartItem[];
}

export interface PlanRequest {
  source: Sql;
  target: Sql;
  snapshotId: string;
  selector: PartSelector;
  /** The workspace that it comes back to, by id or name; null for the one that it was in. */
  into: string | null;
  restorer: string | null;
}

/** @throws BudaoError part_not_found, part_ambiguous, workspace_missing, restorer_missing */
export async function planPart(request: PlanRequest): Promise<PartPlan> {
  const { source, target, snapshotId, selector } = request;
  const what = await findPart(source, selector, snapshotId);
  const workspace = await targetWorkspace(request, what);
  const restorer = await findRestorer(target, workspace.id, request.restorer);
  const people = new People({ source, target, workspace }, restorer);
  const plan: PartPlan = {
    snapshotId,
    kind: selector.kind,
    what,
    workspace,
    people,
    bases: [],
    documents: new Map(),
    conversations: [],
    items: [],
  };
  const planner = new Planner(source, target, plan);
  if (selector.kind === 'knowledge_base') await planner.addBase(what.id, 'copy');
  if (selector.kind === 'conversation') await planner.addConversation(what.id, 'copy');
  if (selector.kind === 'document') await planner.addSingleDocument(what.id);
  if (selector.kind === 'workspace') await planner.addAll(what.id);
  return plan;
}

async function targetWorkspace(
  { source, target, into, selector }: PlanRequest,
  what: FoundPart,
): Promise<PartPlan['workspace']> {
  const find = (where: string, value: string): Promise<{ id: string; name: string }[]> =>
    target.all(`SELECT id, name FROM workspace WHERE ${where} = :value ORDER BY id`, { value });
  if (into !== null) {
    const [byId] = await find('id', into);
    const found = byId === undefined ? await find('name', into) : [byId];
    if (found[0] !== undefined && found.length === 1) return { ...found[0], isNew: false };
    throw workspaceMissing(`There are ${found.length} workspaces "${into}" here.`);
  }
  const [same] = await find('id', what.workspaceId);
  if (same !== undefined) return { ...same, isNew: false };
  const old = await source.get<{ name: string }>('SELECT name FROM workspace WHERE id = :id', {
    id: what.workspaceId,
  });
  if (selector.kind === 'workspace') return { id: what.workspaceId, name: what.name, isNew: true };
  throw workspaceMissing(
    `The workspace ${old?.name ?? ''} (${what.workspaceId}), in which "${what.name}" was, is not here.`,
  );
}

function workspaceMissing(why: string): BudaoError {
  return new BudaoError(
    'conflict',
    'workspace_missing',
    `${why} Name one that is here with --into (\`budao workspaces list\`), or bring the whole workspace back with --workspace.`,
  );
}

class Planner {
  readonly #source: Sql;
  readonly #target: Sql;
  readonly #plan: PartPlan;
  /** Rows of all documents, read at once where there are many; by id. */
  #there: Map<string, SqlRow> | null = null;
  #here: Map<string, SqlRow> | null = null;

  constructor(source: Sql, target: Sql, plan: PartPlan) {
    this.#source = source;
    this.#target = target;
    this.#plan = plan;
  }

  /** What is here already stays as it is; everything else comes back. */
  async addAll(workspaceId: string): Promise<void> {
    const params = { workspaceId };
    const all = (table: string): Promise<{ id: string }[]> =>
      this.#source.all(
        `SELECT id FROM ${table} WHERE workspace_id = :workspaceId AND deleted_at IS NULL ORDER BY id`,
        params,
      );
    await this.#readAllDocuments();
    for (const { id } of await all('document')) await this.#addDocument(id);
    for (const { id } of await all('knowledge_base')) await this.addBase(id, 'there');
    for (const { id } of await all('conversation')) await this.addConversation(id, 'there');
  }

  /** @param whenTaken what becomes of one that is here, and lacks something of the snapshot */
  async addBase(id: string, whenTaken: 'copy' | 'there'): Promise<void> {
    const row = await this.#row('knowledge_base', id);
    const memberships = await this.#source.all(
      `SELECT link.* FROM knowledge_base_document AS link JOIN document ON document.id = link.document_id
       WHERE link.knowledge_base_id = :id AND link.status <> 'removing' AND document.deleted_at IS NULL
       ORDER BY link.document_id`,
      { id },
    );
    if (memberships.length > MANY_DOCUMENTS) await this.#readAllDocuments();
    for (const { document_id: document } of memberships) await this.#addDocument(String(document));
    let own = await this.#fateOf('knowledge_base', id);
    if (own.fate === 'there') {
      const missing = await this.#lackedBy(id, memberships);
      if (missing.length > 0 && whenTaken === 'copy') own = await this.#another('knowledge_base', id);
      else if (missing.length > 0) {
        // Of documents that come back; what somebody took out of it by hand stays out.
        const gone = missing.filter(({ document_id: one }) => this.#fateOfDocument(one) !== 'there');
        this.#plan.bases.push({ row, ...own, memberships: gone });
        this.#note('knowledge_base', row, own, memberships.length);
        return;
      }
    }
    this.#plan.bases.push({ row, ...own, memberships: own.fate === 'there' ? [] : memberships });
    this.#note('knowledge_base', row, own, memberships.length);
  }

  /** With its places in the knowledge bases that are here. */
  async addSingleDocument(id: string): Promise<void> {
    const planned = await this.#addDocument(id);
    const memberships = await this.#source.all(
      `SELECT link.* FROM knowledge_base_document AS link JOIN knowledge_base AS base ON base.id = link.knowledge_base_id
       WHERE link.document_id = :id AND link.status <> 'removing' AND base.deleted_at IS NULL
       ORDER BY link.knowledge_base_id`,
      { id },
    );
    this.#note('document', planned.row, planned, memberships.length);
    for (const membership of memberships) {
      const baseId = String(membership.knowledge_base_id);
      const own = await this.#fateOf('knowledge_base', baseId);
      if (own.fate !== 'there') continue;
      const isLacking = (await this.#lackedBy(baseId, [membership])).length > 0;
      const row = await this.#row('knowledge_base', baseId);
      this.#plan.bases.push({ row, ...own, memberships: isLacking ? [membership] : [] });
    }
  }

  async addConversation(id: string, whenTaken: 'copy' | 'there'): Promise<void> {
    const row = await this.#row('conversation', id);
    const items = await this.#source.all<{ id: string }>(
      'SELECT id FROM conversation_item WHERE conversation_id = :id AND deleted_at IS NULL ORDER BY position',
      { id },
    );
    let own = await this.#fateOf('conversation', id);
    if (own.fate === 'there' && whenTaken === 'copy') {
      const here = await this.#target.all<{ id: string }>(
        'SELECT id FROM conversation_item WHERE conversation_id = :id AND deleted_at IS NULL',
        { id },
      );
      const known = new Set(here.map((item) => item.id));
      if (!items.every((item) => known.has(item.id))) own = await this.#another('conversation', id);
    }
    this.#plan.conversations.push({ row, ...own, messages: items.length });
    this.#note('conversation', row, own, items.length);
    if (own.fate !== 'there') await this.#plan.people.count(String(row.account_id));
  }

  async #addDocument(id: string): Promise<PlannedRow> {
    const known = this.#plan.documents.get(id);
    if (known !== undefined) return known;
    const row = await this.#row('document', id);
    let own = await this.#fateOf('document', id);
    if (own.fate === 'there' && own.here?.sha256 !== row.sha256) own = await this.#another('document', id);
    const planned = { row, id: own.id, fate: own.fate };
    this.#plan.documents.set(id, planned);
    if (own.fate !== 'there' && row.account_id !== null)
      await this.#plan.people.count(String(row.account_id));
    return planned;
  }

  #fateOfDocument(id: SqlRow[string] | undefined): Fate | undefined {
    return this.#plan.documents.get(String(id))?.fate;
  }

  /** Those memberships whose documents the knowledge base here does not hold. */
  async #lackedBy(baseId: string, memberships: readonly SqlRow[]): Promise<SqlRow[]> {
    const here = await this.#target.all<{ document_id: string }>(
      `SELECT link.document_id FROM knowledge_base_document AS link JOIN document ON document.id = link.document_id
       WHERE link.knowledge_base_id = :baseId AND link.status <> 'removing' AND document.deleted_at IS NULL`,
      { baseId },
    );
    const held = new Set(here.map(({ document_id: id }) => id));
    return memberships.filter(
      ({ document_id: id }) => !held.has(this.#plan.documents.get(String(id))?.id ?? String(id)),
    );
  }

  /** What was deleted here, in this workspace, leaves its id free. */
  async #fateOf(
    table: 'knowledge_base' | 'document' | 'conversation',
    id: string,
  ): Promise<{ id: string; fate: Fate; here?: SqlRow }> {
    const here = await this.#rowHere(table, id);
    if (here === undefined) return { id, fate: 'back' };
    if (here.workspace_id !== this.#plan.workspace.id) return this.#another(table, id);
    return here.deleted_at === null ? { id, fate: 'there', here } : { id, fate: 'back', here };
  }

  /** Under the id that it was given the last time, where it has come back before. */
  async #another(
    table: 'knowledge_base' | 'document' | 'conversation',
    old: string,
  ): Promise<{ id: string; fate: Fate; here?: SqlRow }> {
    const { snapshotId, workspace } = this.#plan;
    const id = derivedId(old, snapshotId, workspace.id);
    const here = await this.#rowHere(table, id);
    if (here === undefined || here.deleted_at !== null) return { id, fate: 'copy' };
    return { id, fate: 'there', here };
  }

  async #rowHere(table: string, id: string): Promise<SqlRow | undefined> {
    if (table === 'document' && this.#here !== null) return this.#here.get(id);
    return this.#target.get<SqlRow>(`SELECT * FROM ${table} WHERE id = :id`, { id });
  }

  async #readAllDocuments(): Promise<void> {
    if (this.#there !== null) return;
    const byId = (rows: SqlRow[]): Map<string, SqlRow> => new Map(rows.map((row) => [String(row.id), row]));
    this.#there = byId(await this.#source.all('SELECT * FROM document WHERE deleted_at IS NULL'));
    this.#here = byId(await this.#target.all('SELECT id, workspace_id, sha256, deleted_at FROM document'));
  }

  async #row(table: string, id: string): Promise<SqlRow> {
    const known = table === 'document' ? this.#there?.get(id) : undefined;
    if (known !== undefined) return known;
    const row = await this.#source.get<SqlRow>(`SELECT * FROM ${table} WHERE id = :id`, { id });
    if (row === undefined) throw new Error(`${table} ${id} is not in the snapshot`);
    return row;
  }

  #note(kind: PartKind, row: SqlRow, { id, fate }: { id: string; fate: Fate }, size: number): void {
    const name = String(row.name ?? row.title ?? row.filename ?? '');
    this.#plan.items.push({ kind, from: String(row.id), id, name, fate, size });
  }
}
