import { newId } from '../contract/ids.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';

export const INSTALLATION_ID = 'installation.id';

/** Tells this installation from any other that may share a server with it; made at its first start. */
export async function installationId(ledger: Ledger): Promise<string> {
  const find = `SELECT value FROM setting WHERE name = '${INSTALLATION_ID}'`;
  const known = await ledger.read.get<{ value: string }>(find);
  if (known !== undefined) return known.value;
  return ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES ('${INSTALLATION_ID}', :id, :now) ON CONFLICT (name) DO NOTHING`,
      { id: newId('installation'), now: ledgerTime() },
    );
    const { value } = (await tx.get<{ value: string }>(find)) ?? { value: '' };
    return value;
  });
}
