import type { Attributes } from '../api/types.ts';

/** Numbers and yes/no are kept as such, so that filters like `gte` work on them. */
export function attributesOf(rows: readonly { name: string; value: string }[]): Attributes {
  const attributes: Attributes = {};
  for (const { name, value } of rows) {
    if (name.trim() === '') continue;
    attributes[name.trim()] = typed(value.trim());
  }
  return attributes;
}

function typed(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^-?(0|[1-9]\d{0,14})(\.\d{1,12})?$/.test(text) ? Number(text) : text;
}
