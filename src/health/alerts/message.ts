import { hostname } from 'node:os';
import type { Notice, NoticeAlert } from './notice.ts';
import { LEDGER_UNAVAILABLE } from './outage.ts';
import type { Language, RuleText, Severity } from './rule.ts';
import { RULES_BY_NAME } from './rules.ts';

/** A notice in words, not yet in the form of a channel. */
export interface Message {
  title: string;
  /** One paragraph for each rule, in Markdown that every messenger knows: bold and lists. */
  paragraphs: string[];
  severity: Severity;
  /** Everything that the message tells of is over. */
  isRecovery: boolean;
}

const WORDS = {
  en: {
    severity: { info: 'Note', warning: 'Warning', critical: 'Critical' } satisfies Record<Severity, string>,
    resolved: 'Resolved',
    lasting: 'still so',
    and: (title: string, more: number): string => `${title}, and ${more} more`,
    about: (subjects: string): string => `about: ${subjects}`,
    since: (time: string): string => `since ${time}`,
    over: (from: string, to: string): string => `from ${from} to ${to}`,
    more: (count: number): string => `… and ${count} more`,
    from: (host: string): string => `Budao on ${host}`,
    test: 'This is a test: the channel works. Nothing is wrong.',
    testTitle: 'Budao: test message',
  },
  zh: {
    severity: { info: '提示', warning: '警告', critical: '严重' } satisfies Record<Severity, string>,
    resolved: '已恢复',
    lasting: '仍在持续',
    and: (title: string, more: number): string => `${title} 等 ${more + 1} 项`,
    about: (subjects: string): string => `涉及：${subjects}`,
    since: (time: string): string => `开始于 ${time}`,
    over: (from: string, to: string): string => `${from} 至 ${to}`,
    more: (count: number): string => `…… 另有 ${count} 项`,
    from: (host: string): string => `不倒，来自 ${host}`,
    test: '这是一条测试消息：通道可用，一切正常。',
    testTitle: '不倒：测试消息',
  },
} as const;

/** Subjects that a paragraph names; the rest is counted. */
const MAX_SUBJECTS = 12;

export function composeMessage(notice: Notice, language: Language, host = hostname()): Message {
  const words = WORDS[language];
  if (notice.isTest === true) {
    const paragraphs = [words.test, words.from(host)];
    return { title: words.testTitle, paragraphs, severity: 'info', isRecovery: false };
  }
  const active = notice.alerts.filter((alert) => alert.state !== 'resolved');
  const leading = active.length > 0 ? active : notice.alerts;
  const severity = (['critical', 'warning', 'info'] as const).find((level) =>
    leading.some((alert) => alert.severity === level),
  );
  const first = leading.find((alert) => alert.severity === severity) as NoticeAlert;
  const { title } = textOf(first.rule, language);
  const label = active.length > 0 ? words.severity[severity as Severity] : words.resolved;
  const more = leading.length - 1;
  return {
    title: `[${label}] ${more === 0 ? withSubject(title, first.subject) : words.and(title, more)}`,
    paragraphs: [
      ...byRuleAndState(notice.alerts).map((alerts) => paragraph(alerts, language)),
      words.from(host),
    ],
    severity: severity ?? 'info',
    isRecovery: active.length === 0,
  };
}

/** Alerts of one rule share their explanation. */
function byRuleAndState(alerts: readonly NoticeAlert[]): NoticeAlert[][] {
  const groups = new Map<string, NoticeAlert[]>();
  for (const alert of alerts) {
    const key = `${alert.rule}/${alert.state}`;
    groups.set(key, [...(groups.get(key) ?? []), alert]);
  }
  return [...groups.values()];
}

function paragraph(alerts: readonly NoticeAlert[], language: Language): string {
  const words = WORDS[language];
  const [first] = alerts as [NoticeAlert];
  const { title, advice } = textOf(first.rule, language);
  const isOver = first.state === 'resolved';
  const label = isOver ? words.resolved : words.severity[first.severity];
  const from = Math.min(...alerts.map((alert) => alert.firedAt));
  const to = Math.max(...alerts.map((alert) => alert.resolvedAt ?? 0));
  const facts = [
    ...(first.state === 'lasting' ? [words.lasting] : []),
    isOver ? words.over(timeOf(from), timeOf(to)) : words.since(timeOf(from)),
    ...subjectsOf(alerts, language),
  ];
  const lines = [`**${label}: ${title}**`, facts.join(language === 'zh' ? '；' : '; ')];
  return [...lines, ...(isOver ? [] : [advice])].join('\n');
}

function subjectsOf(alerts: readonly NoticeAlert[], language: Language): string[] {
  const subjects = alerts.map((alert) => alert.subject).filter((subject) => subject !== '');
  if (subjects.length === 0) return [];
  const named = subjects.slice(0, MAX_SUBJECTS).join(', ');
  const rest = subjects.length - MAX_SUBJECTS;
  return [WORDS[language].about(rest > 0 ? `${named} ${WORDS[language].more(rest)}` : named)];
}

function withSubject(title: string, subject: string): string {
  return subject === '' ? title : `${title} (${subject})`;
}

export function textOf(rule: string, language: Language): RuleText {
  if (rule === LEDGER_UNAVAILABLE.name) return LEDGER_UNAVAILABLE.text[language];
  return RULES_BY_NAME.get(rule)?.text[language] ?? { title: rule, advice: '' };
}

function timeOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** As many whole paragraphs as a channel takes, and a remark about the others. */
export function fitParagraphs(
  { paragraphs }: Message,
  language: Language,
  maxBytes: number,
  separator = '\n\n',
): string {
  let text = '';
  for (const [index, paragraph] of paragraphs.entries()) {
    const longer = text === '' ? paragraph : `${text}${separator}${paragraph}`;
    const rest = WORDS[language].more(paragraphs.length - index);
    const isLast = index === paragraphs.length - 1;
    const needed = Buffer.byteLength(isLast ? longer : `${longer}${separator}${rest}`);
    if (needed > maxBytes)
      return text === '' ? cutToBytes(paragraph, maxBytes) : `${text}${separator}${rest}`;
    text = longer;
  }
  return text;
}

/** Never in the middle of a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let cut = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes - 3) break;
    cut += character;
  }
  return `${cut}…`;
}
