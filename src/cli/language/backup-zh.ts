import type { backupEn } from './backup-en.ts';

/** 快照与恢复命令的中文。 */
export const backupZh: typeof backupEn = {
  backup: {
    description: '整个系统的快照，保存在一个或多个仓库中',
    config: '列出仓库的配置文件（BUDAO_CONFIG）',
    repo: '仓库：backup.repositories 中的名称，或其文件夹路径',
    init: '在空文件夹或存储桶中建立仓库',
    newKey: '生成恢复密钥并写入此文件',
    recipient: '谁可以恢复，形如 age1…；可重复给出',
    appendOnly: '程序只能添加，不能修改或删除',
    made: (place) => `已在 ${place} 建立仓库。`,
    keep: (file) =>
      `恢复密钥在 ${file}。请打印或带走，与仓库分开保存：没有它谁也无法恢复；拿到它就能读到全部内容。`,
    create: '在服务运行的同时生成快照',
    label: '随快照保存的备注，无需密钥即可读到',
    phases: { ledger: '账本', documents: '文档', publishing: '收尾' },
    rows: (rows) => `${rows} 行`,
    cancelled: '快照已取消；已复制的内容供下一次使用。',
    created: (id, added, whole) => `快照 ${id}：共 ${whole}，其中新增 ${added}。`,
    counts: (documents, conversations, workspaces) =>
      `${documents} 份文档，${conversations} 个会话，${workspaces} 个工作区。`,
    list: '列出仓库中的快照',
    none: '还没有快照。',
    unreadable: (key, reason) => `${key}：${reason}`,
    titles: { id: '快照', time: '时间', documents: '文档', size: '大小', added: '新增', label: '备注' },
  },
  restore: {
    description: '用快照在空的数据文件夹或数据库中重建系统',
    from: '仓库：配置中的名称，或其文件夹路径',
    key: '恢复密钥文件',
    snapshot: '哪一份快照（默认最新）',
    replace: '把现有内容移到一边，由快照取代',
    dryRun: '只说明会做什么，不做任何改动',
    phases: { content: '正在恢复', finishing: '收尾' },
    plan: (id, time, size, place) => `将把 ${time} 的快照 ${id}（${size}）恢复到 ${place}。`,
    planReplace: '那里已有一套系统：需要 --replace 才会把它移到一边。',
    planEmpty: '那里没有会丢失的内容。',
    done: (id, time) => `${time} 的快照 ${id} 已恢复。`,
    finished: (id) => `快照 ${id} 在命令被中断前已恢复；最后一步现已完成。`,
    content: (rows, blobs) => `${rows} 行、${blobs} 份文档，逐一核对了哈希。`,
    leftOut: (count) => `有 ${count} 项内容不在快照中：在那之前已损坏或删除，或会重新生成。`,
    replaced: (place) => `原有内容在 ${place}。确认无人需要后即可删除。`,
    files: (files) => `当时的配置在 ${files}，供对照。`,
    next: (folder) =>
      `请用数据文件夹 ${folder} 启动服务（npm run up 或 budao up）。它会先重建索引，并在 /startupz 显示进度。` +
      '用户需要重新登录；API 密钥仍然有效。',
  },
};
