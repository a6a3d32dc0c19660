// Commits to a database as fast as it can, for a test of its log; ends when its input does.
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const [path = '', name = ''] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 0 });
database.exec('PRAGMA synchronous = OFF');
// Now and then it checkpoints by itself, as any process of the service would.
database.exec(`PRAGMA wal_autocheckpoint = ${name === 'first' ? 300 : 0}`);
const insert = database.prepare('INSERT INTO note (writer, number, text) VALUES (?, ?, ?)');
const remove = database.prepare('DELETE FROM note WHERE writer = ? AND number = ?');
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();
for (let number = 0; !isOver; number++) {
  await beginWriting();
  insert.run(name, number, `${name} ${number} `.repeat(1 + (number % 200)));
  if (number > 300) remove.run(name, number - 300 + (number % 7));
  // Some are taken back, after their pages have perhaps been in the log already.
  database.exec(number % 5 === 0 ? 'ROLLBACK' : 'COMMIT');
  if (number % 20 === 0) await nextTurn();
}
database.close();

/** With pauses of its own: under SQLite's one of two writers may starve. */
async function beginWriting(): Promise<void> {
  for (;;) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== 5) throw error;
      await sleep(Math.random() * 3);
    }
  }
}
