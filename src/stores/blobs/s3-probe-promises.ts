/** The promises on which no two processes may disagree: what a store says and does not keep loses data in silence. */
import type { ProbeContext } from './s3-probe.ts';

const RACERS = 8;

/** Two puts in a row, then many at once: stores exist that refuse the second in a row, and let two racers win. */
export async function probeConditionalPut({ client, objects, folder }: ProbeContext): Promise<string> {
  const condition = { 'If-None-Match': '*' };
  const attempt = (key: string, text: string) =>
    client.ask({ method: 'PUT', key, body: Buffer.from(text), headers: condition });
  const first = await attempt(`${folder}once`, 'first');
  if (first.status >= 300)
    throw new Error(`the first put with If-None-Match is answered HTTP ${first.status}`);
  const second = await attempt(`${folder}once`, 'second');
  const kept = (await objects.get(`${folder}once`))?.toString();
  if (second.status < 300 || kept !== 'first') {
    throw new Error(
      'If-None-Match is ignored: the second put has replaced the first, so that writes would be lost',
    );
  }
  if (second.status !== 412 && second.status !== 409) {
    throw new Error(`the second put is answered HTTP ${second.status} in place of 412`);
  }
  const racers = Array.from({ length: RACERS }, (_, number) => attempt(`${folder}race`, `racer ${number}`));
  const winners = (await Promise.all(racers)).filter(({ status }) => status < 300).length;
  if (winners !== 1) throw new Error(`of ${RACERS} puts at once ${winners} were told that they had won`);
  return `one of ${RACERS} puts at once wins`;
}

/** Bytes that are not those of the signature must be refused. */
export async function probeIntegrity({ client, objects, folder }: ProbeContext): Promise<string> {
  const key = `${folder}spoilt`;
  const answer = await client.ask({
    method: 'PUT',
    key,
    body: Buffer.from('spoilt'),
    signedBody: Buffer.from('sound'),
  });
  if (answer.status < 300 || (await objects.head(key)) !== null) {
    throw new Error('a body was taken that is not the one that was signed');
  }
  return 'bytes that changed on their way are refused';
}

/** A deletion by a process that was frozen after its last look must come too late. */
export async function probeTimeLimit({ client, objects, folder }: ProbeContext): Promise<string> {
  const key = `${folder}limited`;
  await objects.put(key, Buffer.from('limited'));
  const found = await objects.head(key);
  const now = (found?.modifiedMs ?? 0) + (found?.ageMs ?? 0);
  await client.ask({ method: 'DELETE', key, validity: { fromMs: now - 60_000, seconds: 10 } });
  if ((await objects.head(key)) === null) throw new Error('a deletion was carried out after its time limit');
  const inTime = await client.ask({ method: 'DELETE', key, validity: { fromMs: now, seconds: 10 } });
  if (inTime.status >= 300 || (await objects.head(key)) !== null)
    throw new Error(`a deletion within its time limit is answered HTTP ${inTime.status}`);
  return 'late deletions are refused';
}
