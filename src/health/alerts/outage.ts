import type { Language, RuleText, Severity } from './rule.ts';

/** The one alert that cannot be written down while it fires: it is told straight from memory. */
export const LEDGER_UNAVAILABLE: {
  name: string;
  severity: Severity;
  text: Readonly<Record<Language, RuleText>>;
} = {
  name: 'ledger-unavailable',
  severity: 'critical',
  text: {
    en: {
      title: 'The ledger cannot be reached',
      advice:
        'Nothing new can be asked or stored until it can. `budao doctor` and the log say why: a full disk, a database that is away or failing over, missing rights. Budao keeps trying, and nothing that was acknowledged is lost.',
    },
    zh: {
      title: '账本不可用',
      advice:
        '恢复之前无法提出新问题，也无法保存。`budao doctor` 和日志会说明原因：磁盘已满、数据库不可达或正在切换、缺少权限。Budao 会一直重试，已确认的内容不会丢失。',
    },
  },
};
