import type { drillReportsEn } from './drill-reports-en.ts';

/** `budao drill reports` 与 `verify-report` 的中文文案。 */
export const drillReportsZh: typeof drillReportsEn = {
  drillReports: {
    reports: '列出做过的演练、未关闭的问题项，以及演练到的操作手册',
    verify: '校验报告是否真实、是否与其日志一致',
    target: '描述现有系统的文件：用场景中的命令对它做演练',
    yes: '与 --target 合用：确认要破坏它',
    notAgreed: (name: string, radius: string, by: string): string =>
      `这会破坏 ${name}（${radius}），由 ${by} 批准，可能有人正在使用。确实要这样做，请加 --yes。`,
    file: '演练的 report.json 或 report.html',
    columns: {
      at: '结束（UTC）',
      scenario: '场景',
      verdict: '判定',
      rto: 'RTO',
      verified: 'RTO（已验证）',
      rpo: 'RPO',
      folder: '文件夹',
    },
    none: (archive: string): string => `${archive} 中还没有演练。做一次：budao drill run worker-killed`,
    open: (count: number): string => (count === 0 ? '没有未关闭的问题项。' : `未关闭的问题项：${count}`),
    severities: { high: '高', medium: '中' },
    nobody: '无人',
    finding: (key: string, severity: string, owner: string, due: string): string =>
      `  ${key}  ${severity}，责任人 ${owner}，期限 ${due}`,
    pages: '操作手册上次演练：',
    stamp: (page: string, day: string, verdict: string, rto: string): string =>
      `  ${page}  ${day}，${verdict}，RTO ${rto}`,
    genuine: (drill: string, verdict: string): string => `真实：${drill}，${verdict}。已核对：`,
    checked: {
      page: '页面与签名一致',
      report: '报告与签名一致',
      log: '原始日志的哈希链完整，且末行与报告所述一致',
      recomputed: '所有数字都能由日志重新算出',
      chain: '上一份报告正是本报告所指的那一份',
    },
    signedBy: (key: string): string => `签名密钥 ${key}，请与您所知的公钥比对。`,
  },
};
