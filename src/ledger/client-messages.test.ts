import { expect, test } from 'vitest';
import { BudaoError } from '../contract/errors.ts';
import { messageForClients } from './client-messages.ts';

test.each([
  'ledger_unavailable',
  'ledger_read_only',
  'ledger_former_primary',
  'ledger_crowded',
  'ledger_busy',
  'ledger_login_refused',
  'ledger_database_missing',
  'ledger_without_rights',
  'ledger_too_old',
  'ledger_corrupt',
] as const)('%s tells clients what to do, and nobody the address of the database', (code) => {
  const error = new BudaoError('unavailable', code, 'db-7.internal:5432 (10.1.2.3) takes no writes.');
  const said = messageForClients(error);
  expect(said).not.toMatch(/db-7|5432|10\.1/);
  expect(said).toMatch(/again|Tell whoever runs/);
});

test('what names no server is said as it is', () => {
  const error = new BudaoError('invalid', 'invalid_value', 'name must be one line.');
  expect(messageForClients(error)).toBe('name must be one line.');
});
