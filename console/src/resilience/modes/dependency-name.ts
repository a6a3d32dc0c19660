import { hasText, type Translate } from '../../i18n/text.ts';

const MODEL_PREFIX = 'model:';

/** Models have names of their own; everything else is named by what it is. */
export function nameOf(t: Translate, name: string): string {
  if (name.startsWith(MODEL_PREFIX)) return name.slice(MODEL_PREFIX.length);
  const key = `dependencyKind.${name}`;
  return hasText(key) ? t(key) : name;
}
