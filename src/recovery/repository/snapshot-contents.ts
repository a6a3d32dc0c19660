import { z } from 'zod';
import type { ObjectReference, SnapshotContents } from '../ports.ts';

const OBJECT = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().nonnegative() });
const NAMED = z.strictObject({ name: z.string(), object: OBJECT });
const CONTENTS = z.strictObject({
  tables: z.array(z.strictObject({ name: z.string(), rows: z.int().nonnegative(), pieces: z.array(OBJECT) })),
  blobs: z.array(OBJECT),
  derived: z.array(OBJECT),
  secrets: z.array(NAMED),
  files: z.array(NAMED),
  leftOut: z.array(z.strictObject({ sha256: z.string(), reason: z.string() })),
});

/** @throws when it is none */
export function parseContents(text: string): SnapshotContents {
  return CONTENTS.parse(JSON.parse(text));
}

/** Every object that a snapshot needs, but for the list itself. */
export function* objectsOf(contents: SnapshotContents): Generator<ObjectReference> {
  for (const { pieces } of contents.tables) yield* pieces;
  yield* contents.blobs;
  yield* contents.derived;
  for (const { object } of contents.secrets) yield object;
  for (const { object } of contents.files) yield object;
}
