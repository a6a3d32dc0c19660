import type { careEn } from './care-en.ts';

/** What the commands of schedules, results and rehearsals say in Chinese. */
export const careZh: typeof careEn = {
  care: {
    schedules: '查看或修改快照、校验、演练、清理的计划',
    when: 'off、every 10m、hourly、daily 02:30、weekly sun 04:00 或 monthly 1 05:00；default 表示按配置',
    verifyShare: '每次校验读取仓库的百分比',
    timeZone: '时间所用的时区，例如 Asia/Shanghai',
    jitter: '每次随机推迟的最多秒数',
    results: '列出快照、校验、演练、清理的结果',
    task: (names: string): string => `只看一种任务：${names}`,
    taskInvalid: (given: string, names: string): string => `没有“${given}”这种任务。可选：${names}。`,
    limit: '列出多少条',
    noResults: '还没有结果。',
    tasks: { snapshot: '快照', verify: '校验', rehearse: '演练', prune: '清理' },
    verdicts: { pass: '通过', fail: '失败', inconclusive: '无结论' },
    titles: {
      task: '任务',
      when: '计划',
      next: '下次',
      last: '最近',
      remark: '说明',
      time: '结束时间',
      repository: '仓库',
      verdict: '结论',
      duration: '用时',
    },
    obstacles: {
      no_repository: '没有配置仓库（backup.repositories）',
      no_key: '需要 backup.keyFile',
    },
    overdue: '已逾期',
    newest: (repository: string, time: string | null): string =>
      time === null ? `${repository}：还没有快照` : `${repository}：最新快照 ${time}`,
    changed: '* 在服务运行时修改过；用 default 恢复为配置',
    seconds: (seconds: number): string => `${seconds.toFixed(1)} 秒`,
    rehearse: '恢复到沙箱、启动、用黄金问题提问，然后删除',
    rehearseKey: '恢复密钥文件（默认：backup.keyFile）',
    golden: '黄金问题：sample，或每行一个问题的文件',
    withModels: '允许恢复出的服务调用已配置的模型',
    keep: '保留恢复出的安装，以便细看',
    phases: {
      restoring: '恢复',
      starting: '启动',
      checking: '检查',
      asking: '提问',
      removing: '删除',
    },
    rehearsalStopped: '已停止。恢复出的内容已删除。',
    rehearsed: (verdict: string): string => `演练：${verdict}`,
    snapshotOf: (id: string, time: string): string => `  快照 ${id}，${time}`,
    rto: (seconds: string): string => `  ${seconds} 秒后给出第一个回答（RTO）`,
    rpo: (seconds: number): string => `  快照已有 ${seconds} 秒（RPO）`,
    doctor: (errors: number, warnings: number): string => `  体检：${errors} 个错误，${warnings} 个警告`,
    retrieval: (identical: number, questions: number): string =>
      `  ${questions} 个黄金问题中有 ${identical} 个检索结果完全一致`,
    answers: (score: string, baseline: string): string => `  回答包含 ${score} 的要点，对照为 ${baseline}`,
    kept: (folder: string): string =>
      `保留在 ${folder}：用 BUDAO_CONFIG=${folder}/budao.yaml 启动；看完后请删除该文件夹。`,
  },
};
