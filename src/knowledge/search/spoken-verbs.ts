/** Verbs that people say with one character and documents write with two: 换 for 更换, 丢 for 遗失. */
import { type Expansion, SYNONYM_FACTOR } from './expansion.ts';

const VERBS: ReadonlyMap<string, readonly string[]> = new Map(
  `
换 更换 变更 换领
改 修改 变更 更改 更换
丢 遗失 丢失
掉 遗失 丢失
坏 损坏 故障 破损
修 维修 修理 修复
买 购买 采购 购置
卖 销售 出售
租 租赁 租用 承租
借 借用 出借 借阅
交 缴纳 提交 移交
缴 缴纳 上缴
付 支付 缴付
花 费用 收费
收 收取 接收
退 退还 退回 退款
赔 赔偿 补偿
罚 罚款 处罚
扣 扣除 扣减
领 领取 申领
取 提取 领取
拿 领取 取得
发 发放 发给
送 送达 移送
补 补办 补发 补领
办 办理 申请
批 批准 审批
签 签订 签署 签字
查 查询 检查 查阅
看 查看 查阅
问 咨询 询问
找 联系
报 报告 上报 申报
管 负责 管理 保管
存 保存 存放 存储
留 保存 保留 留存
删 删除
填 填写
写 填写 书写
带 携带 出示 提交
开 开启 打开 开具
关 关闭
停 停止 暂停
锁 锁定
装 安装
拆 拆除
搬 搬迁 迁移
调 调整 调动
升 晋升 上浮
涨 上浮 提高
降 降低 下调
减 减免 扣减
超 超过
晚 晚点 逾期
迟 逾期 迟到
休 休假 休息
住 住宿 居住
考 考试
学 学习 培训
用 使用
戴 佩戴
穿 着装 穿着
贴 张贴
拍 拍摄 拍照
印 打印 复印
洗 清洗
擦 清洁
倒 处置
抄 抄送 抄录
转 转账 转移
`
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([verb, ...written]) => [verb as string, written]),
);

let segmenter: Intl.Segmenter | null = null;

/** Expansions of the verbs that stand as words of their own in a normalised span. */
export function spokenVerbs(span: string): Expansion[] {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  const found: Expansion[] = [];
  for (const { segment } of segmenter.segment(span)) {
    const written = VERBS.get(segment);
    if (written === undefined) continue;
    found.push({ phrase: segment, alternatives: written.map((text) => ({ text, factor: SYNONYM_FACTOR })) });
  }
  return found;
}
