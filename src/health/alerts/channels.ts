import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import type { ChannelKind } from '../notifiers/notifier.ts';
import { ChannelBody, type ChannelChangeBody, splitSecrets } from './channel-settings.ts';
import type { Language, Severity } from './rule.ts';
import type { Seal } from './seal.ts';

/** More addresses than that are better served by a mailing list or a chat group. */
const MAX_CHANNELS = 50;

/** Where alerts go. Times are milliseconds since the epoch. */
export interface AlertChannel {
  id: string;
  kind: ChannelKind;
  name: string;
  /** What may be shown. */
  settings: Record<string, unknown>;
  /** Opened only to send. */
  sealed: string;
  minSeverity: Severity;
  language: Language;
  disabled: boolean;
  createdAt: number;
  updatedAt: number;
}

interface ChannelRow {
  id: string;
  kind: ChannelKind;
  name: string;
  settings: string;
  sealed: string;
  min_severity: Severity;
  language: Language;
  disabled: number;
  created_at: number;
  updated_at: number;
}

export async function listChannels(sql: Sql): Promise<AlertChannel[]> {
  const rows = await sql.all<ChannelRow>('SELECT * FROM alert_channel ORDER BY created_at, id');
  return rows.map(channelFromRow);
}

/** @throws BudaoError alert_channel_not_found */
export async function requireChannel(sql: Sql, id: string): Promise<AlertChannel> {
  const row = await sql.get<ChannelRow>('SELECT * FROM alert_channel WHERE id = :id', { id });
  if (row !== undefined) return channelFromRow(row);
  throw new BudaoError('not_found', 'alert_channel_not_found', `There is no alert channel ${id}.`);
}

/** Creates, changes and removes channels; keys go in and never come out. */
export class AlertChannels {
  readonly #ledger: Ledger;
  readonly #seal: Seal;

  constructor(ledger: Ledger, seal: Seal) {
    this.#ledger = ledger;
    this.#seal = seal;
  }

  list(): Promise<AlertChannel[]> {
    return listChannels(this.#ledger.read);
  }

  /** @throws BudaoError too_many_alert_channels */
  async create(body: ChannelBody): Promise<AlertChannel> {
    const id = newId('alertChannel');
    const { settings, secrets } = splitSecrets(body);
    const sealed = await this.#seal.close(id, secrets);
    return this.#ledger.transaction(async (tx) => {
      const count = await tx.get<{ count: number }>('SELECT count(*) AS count FROM alert_channel');
      if (Number(count?.count ?? 0) >= MAX_CHANNELS) {
        throw new BudaoError(
          'conflict',
          'too_many_alert_channels',
          `There may be ${MAX_CHANNELS} alert channels. Delete those that are not used.`,
        );
      }
      await tx.run(
        `INSERT INTO alert_channel (id, kind, name, settings, sealed, min_severity, language, disabled,
           created_at, updated_at)
         VALUES (:id, :kind, :name, :settings, :sealed, :minSeverity, :language, :disabled, :now, :now)`,
        { id, kind: body.kind, sealed, now: ledgerTime(), ...columnsOf(body, settings) },
      );
      return requireChannel(tx, id);
    });
  }

  /**
   * What the change leaves out stays; a key that is null is taken away.
   *
   * @throws BudaoError alert_channel_not_found
   */
  async change(
    id: string,
    change: ChannelChangeBody,
    parse: (body: unknown) => ChannelBody = (body) => ChannelBody.parse(body),
  ): Promise<AlertChannel> {
    const before = await requireChannel(this.#ledger.read, id);
    const { address: _, ...settings } = before.settings;
    const body = parse({
      kind: before.kind,
      name: before.name,
      min_severity: before.minSeverity,
      language: before.language,
      disabled: before.disabled,
      ...settings,
      ...(await this.#seal.open(id, before.sealed).catch(() => ({}))),
      ...change,
    });
    const split = splitSecrets(body);
    const sealed = await this.#seal.close(id, split.secrets);
    return this.#ledger.transaction(async (tx) => {
      await tx.run(
        `UPDATE alert_channel SET name = :name, settings = :settings, sealed = :sealed,
           min_severity = :minSeverity, language = :language, disabled = :disabled, updated_at = :now
         WHERE id = :id`,
        { id, sealed, now: ledgerTime(), ...columnsOf(body, split.settings) },
      );
      return requireChannel(tx, id);
    });
  }

  /** @throws BudaoError alert_channel_not_found */
  async remove(id: string): Promise<void> {
    await this.#ledger.transaction(async (tx) => {
      await requireChannel(tx, id);
      await tx.run('DELETE FROM alert_channel WHERE id = :id', { id });
    });
  }
}

function columnsOf(body: ChannelBody, settings: Record<string, unknown>) {
  return {
    name: body.name,
    settings: JSON.stringify(settings),
    minSeverity: body.min_severity,
    language: body.language,
    disabled: body.disabled ? 1 : 0,
  };
}

function channelFromRow(row: ChannelRow): AlertChannel {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    sealed: row.sealed,
    minSeverity: row.min_severity,
    language: row.language,
    disabled: Number(row.disabled) !== 0,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
