import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BudaoError } from '../../contract/errors.ts';
import { FIRST_PREVIOUS } from './drill-log.ts';
import { DrillRecord, type DrillRecordOf } from './record.ts';

export interface ReadLog {
  records: DrillRecord[];
  /** SHA-256 of the last line: the end of the chain. */
  headSha256: string;
  /** Whether the last line was cut off, as when the drill itself was killed. */
  isTorn: boolean;
}

/** @throws BudaoError drill_log_damaged where a line is missing, was changed, or is none of a drill's */
export function readDrillLog(path: string): ReadLog {
  return parseDrillLog(readFileSync(path, 'utf8'));
}

export function parseDrillLog(text: string): ReadLog {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const records: DrillRecord[] = [];
  let previous = FIRST_PREVIOUS;
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line, index + 1);
    if (record.previous !== previous)
      throw damaged(index + 1, 'it does not carry the hash of the line before');
    if (record.seq !== index + 1) throw damaged(index + 1, `its number is ${record.seq}`);
    records.push(record);
    previous = createHash('sha256').update(line).digest('hex');
  }
  if (records[0]?.type !== 'drill') throw damaged(1, 'a log begins with its drill');
  return { records, headSha256: previous, isTorn: rest !== '' };
}

export function recordsOf<Type extends DrillRecord['type']>(
  records: readonly DrillRecord[],
  type: Type,
): DrillRecordOf<Type>[] {
  return records.filter((record): record is DrillRecordOf<Type> => record.type === type);
}

function parseLine(line: string, number: number): DrillRecord {
  try {
    return DrillRecord.parse(JSON.parse(line));
  } catch (error) {
    throw damaged(number, `it is no record of a drill (${String(error).slice(0, 200)})`, error);
  }
}

function damaged(line: number, reason: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'invalid',
    'drill_log_damaged',
    `Line ${line} of the drill's log is damaged or was changed: ${reason}. Nothing that is computed from it can be believed.`,
    { cause },
  );
}
