import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LEDGER_UNAVAILABLE } from './outage.ts';
import { LANGUAGES } from './rule.ts';
import { ALERT_RULES } from './rules.ts';

test.each(LANGUAGES)('the guide in %s says of every alert what it means and what to do', (language) => {
  const name = language === 'en' ? 'alerts.md' : `alerts.${language}.md`;
  const guide = readFileSync(new URL(`../../../docs/guides/${name}`, import.meta.url), 'utf8');
  for (const rule of [...ALERT_RULES, LEDGER_UNAVAILABLE]) {
    const { title, advice } = rule.text[language];
    expect(guide, rule.name).toContain(`#### ${rule.name}\n**${title}**`);
    expect(guide, rule.name).toContain(advice);
  }
  expect(guide.match(/^#### /gm)).toHaveLength(ALERT_RULES.length + 1);
});
