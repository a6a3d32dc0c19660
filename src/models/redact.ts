const MAX_EXCERPT_CHARACTERS = 300;
const MIN_SECRET_CHARACTERS = 4;
/** What looks like a key even when it is not ours: an upstream may quote another one. */
const KEY_SHAPES = /\b(?:sk|pk|key|hf|gsk|xai|tgp)[-_][\w-]{8,}|\bBearer\s+\S+|\beyJ[\w-]{10,}\.[\w.-]+/gi;

/** A piece of foreign text that is safe to show and to log: one line, short, without secrets. */
export function excerpt(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_CHARACTERS) clean = clean.replaceAll(secret, '[redacted]');
  }
  clean = clean
    .replace(KEY_SHAPES, '[redacted]')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return clean.length > MAX_EXCERPT_CHARACTERS ? `${clean.slice(0, MAX_EXCERPT_CHARACTERS)}…` : clean;
}
