import type { kitEn } from './kit-en.ts';

/** 应急包命令的中文。 */
export const kitZh: typeof kitEn = {
  kit: {
    description: '一个文件：没有网络的空机器，用一条命令即可恢复服务',
    create: '制作应急包：程序、设置、最新快照、模型与说明',
    out: '要生成的文件；不能已存在',
    knowledge: '放入多少文档',
    models: '同时放入已配置的模型文件夹',
    recipient: '谁可以打开，形如 age1…；可重复（默认：已配置仓库的密钥）',
    level: '为减小体积花多少时间，1 到 19',
    verify: '读取应急包的每个字节，与校验和及签名比较',
    verifyFile: '应急包文件',
    open: '在解开的应急包中：恢复其内容；由 start.sh 调用',
    openKit: '解开后的应急包文件夹',
    key: '恢复密钥文件',
    host: '监听地址',
    port: '监听端口',
    steps: { snapshot: '生成快照', program: '打包程序', models: '复制模型', archive: '写入文件' },
    parts: {
      'node.gz': '运行程序的 Node',
      'program.tar.zst': '程序',
      repository: '快照',
      models: '模型',
    },
    others: '说明与设置',
    made: (path, size, documents) => `${path}：${size}，${documents} 份文档。`,
    use: (path) => `在空机器上：tar -xf ${path} && sh budao-kit/start.sh --key budao-recovery.key`,
    missingModel: (folder) => `其中没有嵌入模型 ${folder}：届时只能按词语检索。加 --models 可一并放入。`,
    whole: (path, files, size) => `${path} 完好：${files} 个文件，${size}。`,
    signedBy: (key, installation) => `由 ${key} 为 ${installation} 签名。`,
    restored: (id, folder) => `快照 ${id} 已恢复到 ${folder}。`,
    isThere: (folder) => `应急包的内容已在 ${folder} 中。`,
    levelInvalid: '--level 应为 1 到 19 的整数。',
    noRecipient: '没有人能打开它：请用 --recipient age1… 指明恢复密钥，或配置仓库（使用其密钥）。',
  },
};
