import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MARK_FILE } from './acts.ts';
import { readJournal, UndoJournal, undoAll } from './journal.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budao-journal-'));
  path = join(folder, 'undo.jsonl');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what is left is undone from the newest on, and what was done already is left alone', async () => {
  const kept = join(folder, 'kept');
  for (const name of ['first', 'second', 'kept']) writeFileSync(join(folder, name), '');
  {
    using journal = new UndoJournal(path);
    journal.store('first', [{ act: 'file.remove', path: join(folder, 'first') }]);
    const done = journal.store('kept', [{ act: 'file.remove', path: kept }]);
    journal.store('second', [{ act: 'file.remove', path: join(folder, 'second') }]);
    journal.markDone(done);
  }
  const results = await undoAll(path);
  expect(results.map(({ what, problem }) => [what, problem])).toEqual([
    ['second', null],
    ['first', null],
  ]);
  expect(existsSync(kept)).toBe(true);
});

test('a line that was cut off by the death of the drill is passed over', () => {
  {
    using journal = new UndoJournal(path);
    journal.store('whole', [{ act: 'file.remove', path: join(folder, 'one') }]);
  }
  appendFileSync(path, '{"entry":2,"what":"torn","act":{"act":"file.rem');
  expect(readJournal(path).map(({ what }) => what)).toEqual(['whole']);
});

test('one that fails does not keep the others from being undone, and is told', async () => {
  const foreign = join(folder, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, MARK_FILE), 'another drill');
  const one = join(folder, 'one');
  writeFileSync(one, '');
  {
    using journal = new UndoJournal(path);
    journal.store('one', [{ act: 'file.remove', path: one }]);
    journal.store('foreign', [{ act: 'folder.remove', path: foreign, mark: 'this drill' }]);
  }
  const results = await undoAll(path);
  expect(results[0]?.problem).toMatch(/does not bear the mark/);
  expect(existsSync(foreign)).toBe(true);
  expect(existsSync(one)).toBe(false);
});
