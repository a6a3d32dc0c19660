/** Words that make a question a question and say nothing about its topic. */

/** Longest first at each place: each match separates the text around it. */
const PHRASES = (
  '请问 请教 我想知道 我想问 想问一下 想问 想知道 麻烦问 帮我查 查一下 告诉我 请列出 请说明 ' +
  '是什么意思 什么意思 是什么样 什么样 为什么 凭什么 什么时候 什么时间 什么地方 是什么 有什么 什么 啥时候 有啥 啥 ' +
  '怎么办 怎么样 怎么弄 怎么 咋办 咋整 咋样 咋 如何 怎样 为何 何时 何地 何处 何种 何 ' +
  '是不是 有没有 能不能 可不可以 可以不可以 行不行 会不会 该不该 要不要 算不算 用不用 对不对 好不好 是否 能否 可否 ' +
  '多少 多久 多长时间 多长 多大 多高 多远 多重 第几 几个 好几 哪几个 哪几 哪些 哪个 哪里 哪儿 哪家 哪种 哪类 哪位 哪边 哪年 哪一年 哪一 哪两 哪 谁 ' +
  '可以吗 行吗 对吗 是吗 吗 呢 吧 啊 呀 嘛 哦 呐 哈 么 ' +
  '应该 应当 可以 能够 需要 必须 得要 ' +
  '根据 按照 依照 依据 按规定 关于 对于 有关 其中 分别 具体 一般 到底 究竟 非得 不可 ' +
  '的话 的 了 着 过 我们 你们 他们 她们 我 你 您 他 她 它 咱们 咱 自己 这个 那个 这些 那些 这种 那种 这 那 就 都 也 还 又 很 太 要 想 会 能 得 该 是 被 把 给 让 跟 ' +
  '请'
).split(' ');

/** Words that hold one of the phrases and mean something of their own. */
const PROTECTED = (
  '目的 的确 了解 明了 过程 过错 过失 过期 过户 过半数 过渡 过度 超过 经过 通过 不过 ' +
  '要求 要件 要约 重要 主要 必要 会议 会计 会员 社会 工会 协会 委员会 大会 会费 能力 ' +
  '性能 职能 功能 能源 不能 可能 得知 取得 获得 所得 不得 该项 也门 还款 归还 偿还 ' +
  '返还 退还 还贷 还债 应还 给付 给予 供给 给与 发给 支给 让与 转让 出让 受让 跟踪 ' +
  '把握 被告 被保险 被诉 被害 理想 思想 自我 他人 其他 着手 着重 附着 沿着 接着 着作 ' +
  '着名 几何 是非 还是 国是 于是 但是 就业 就医 就诊 就职 就地 成就 首都 都市 那么 ' +
  '申请 请求 请示 请假 聘请 邀请 提请 报请 请愿 何况 任何 哪怕 过敏 透过 这样 那样 ' +
  '太平 太阳 太空 会见 会同 会诊 能耗 智能 节能 得分 得到 心得 得失 该国 想象 联想 ' +
  '要点 要素 概要 纪要 摘要 要闻 给水 补给 就餐 就读 着陆 着火 着装 着色 过滤 过境 ' +
  '过去'
).split(' ');

const longestFirst = (words: string[]) => [...new Set(words)].sort((a, b) => b.length - a.length);
const asksNothing = new Set(PHRASES);
/** How a figure is asked for: its unit, and 有 before it, tell nothing of the topic. */
const ASKED_FIGURE =
  '有?(?:几|多少)个?(?:工作日|小时|钟头|分钟|星期|礼拜|[天日月年周次秒元块钱]|点钟?)|多久(?:做|来|搞)?一次';
const PATTERN = new RegExp(`(${ASKED_FIGURE})|${longestFirst([...PROTECTED, ...PHRASES]).join('|')}`, 'gu');

/** 一次 in 多久换一次 only closes the question for how often. */
const HOW_OFTEN =
  /((?:多久|多长时间|每?隔?(?:几|多少)个?(?:工作日|小时|分钟|星期|[天日周月年]))[^,。?\n]{0,6}?)(?:一|1)[次回遍]/gu;

/** What English questions are made of, beside the stop words that the tokeniser drops. */
const ENGLISH =
  /\b(?:how (?:often|long|many|much|soon|far|old|quickly|frequently)|what (?:kind|sort|type) of|what happens|often|please|tell me|have to|has to|need to|needs to|want to|wants to|allowed to|supposed to|going to|would like to|is there|are there|get|gets|got|anything|something|someone|somebody)\b/g;

/** The normalised question with its question words replaced by a break. */
export function withoutQuestionWords(normalised: string): string {
  return normalised
    .replaceAll(ENGLISH, '\n')
    .replaceAll(HOW_OFTEN, '$1\n')
    .replaceAll(PATTERN, (match, figure?: string) =>
      figure !== undefined || asksNothing.has(match) ? '\n' : match,
    );
}
