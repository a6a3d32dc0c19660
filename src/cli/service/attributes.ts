import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';

export type Attributes = Record<string, string | number | boolean>;

/** `key=value` pairs. Plain numbers and true/false become such, so that filters can compare them; `007` stays text. */
export function parseAttributes(pairs: readonly string[], messages: Messages): Attributes {
  const attributes: Attributes = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new CliError(EXIT.usage, 'attribute_invalid', messages.errors.attributeInvalid(pair), {
        hint: '--attribute department=ICU --attribute year=2026',
      });
    }
    attributes[pair.slice(0, at)] = valueOf(pair.slice(at + 1));
  }
  return attributes;
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}
