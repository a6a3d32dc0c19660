import { BudaoError } from '../../../contract/errors.ts';
import type { Sql } from '../../../ledger/ledger.ts';
import type { PartReport } from './part.ts';

interface Person {
  id: string;
  name: string;
}

/** Who owned something in the snapshot, and who owns it here. */
export class People {
  readonly #owners = new Map<string, Promise<string>>();
  readonly #moved = new Map<string, PartReport['people'][number]>();
  readonly #source: Sql;
  readonly #target: Sql;
  readonly #workspace: { id: string; isNew: boolean };
  readonly #restorer: Person | null;

  constructor(
    places: { source: Sql; target: Sql; workspace: { id: string; isNew: boolean } },
    /** Who gets what belonged to somebody who is gone; null where nobody was found. */
    restorer: Person | null,
  ) {
    this.#source = places.source;
    this.#target = places.target;
    this.#workspace = places.workspace;
    this.#restorer = restorer;
  }

  get moved(): PartReport['people'] {
    return [...this.#moved.values()];
  }

  get restorer(): Person | null {
    return this.#restorer;
  }

  /** @throws BudaoError restorer_missing */
  ownerOf(from: string): Promise<string> {
    const known = this.#owners.get(from) ?? this.#find(from);
    this.#owners.set(from, known);
    return known;
  }

  /** One more thing of theirs comes back. @throws BudaoError restorer_missing */
  async count(from: string): Promise<void> {
    await this.ownerOf(from);
    const moved = this.#moved.get(from);
    if (moved !== undefined) moved.things += 1;
  }

  /** The account or key of that id, or the account of the same name; null where neither is here any more. */
  async remaining(from: string): Promise<string | null> {
    const params = { workspaceId: this.#workspace.id };
    // Whoever is still here becomes a member again of a workspace that comes back.
    const member = `SELECT account.id FROM account WHERE account.disabled = 0 AND (:isNew = 1 OR EXISTS (
      SELECT 1 FROM membership WHERE membership.workspace_id = :workspaceId AND membership.account_id = account.id))`;
    const ofMember = { ...params, isNew: this.#workspace.isNew ? 1 : 0 };
    const same = await this.#target.get<{ id: string }>(`${member} AND account.id = :from`, {
      ...ofMember,
      from,
    });
    if (same !== undefined) return same.id;
    const key = await this.#target.get<{ id: string }>(
      'SELECT id FROM api_key WHERE id = :from AND workspace_id = :workspaceId AND revoked_at IS NULL',
      { ...params, from },
    );
    if (key !== undefined) return key.id;
    const old = await this.#accountThere(from);
    if (old === undefined) return null;
    const again = await this.#target.get<{ id: string }>(`${member} AND account.username = :username`, {
      ...ofMember,
      username: old.username,
    });
    return again?.id ?? null;
  }

  async #find(from: string): Promise<string> {
    const remaining = await this.remaining(from);
    if (remaining !== null) return remaining;
    if (this.#restorer === null) throw restorerMissing();
    const { id: to, name: toName } = this.#restorer;
    const name = (await this.#accountThere(from))?.username ?? null;
    this.#moved.set(from, { from, name, to, toName, things: 0 });
    return to;
  }

  #accountThere(id: string): Promise<{ username: string } | undefined> {
    return this.#source.get('SELECT username FROM account WHERE id = :id', { id });
  }
}

/**
 * Who restores: the account that was named, or the first owner of the workspace, or the first operator.
 *
 * @throws BudaoError restorer_missing
 */
export async function findRestorer(
  target: Sql,
  workspaceId: string,
  username: string | null,
): Promise<Person | null> {
  if (username !== null) {
    const named = await target.get<Person>(
      'SELECT id, username AS name FROM account WHERE (username = :username OR id = :username) AND disabled = 0',
      { username },
    );
    if (named === undefined) throw restorerMissing(username);
    return named;
  }
  const owner = await target.get<Person>(
    `SELECT account.id, account.username AS name FROM account
     JOIN membership ON membership.account_id = account.id
     WHERE membership.workspace_id = :workspaceId AND membership.role = 'owner' AND account.disabled = 0
     ORDER BY membership.created_at, account.id LIMIT 1`,
    { workspaceId },
  );
  const operator = await target.get<Person>(
    `SELECT id, username AS name FROM account WHERE operator = 1 AND disabled = 0 ORDER BY created_at, id LIMIT 1`,
  );
  return owner ?? operator ?? null;
}

function restorerMissing(username?: string): BudaoError {
  return new BudaoError(
    'invalid',
    'restorer_missing',
    username === undefined
      ? 'Something belongs to people who are not here any more, and there is no owner or operator to take it over. Say ' +
          'who does: --as USERNAME.'
      : `There is no account "${username}" here, or it is disabled. \`budao users list\` shows who there is.`,
  );
}
