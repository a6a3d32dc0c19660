/**
 * Character maps of PDF fonts often name a radical where the character of the same shape is meant (⻚ for 页, ⼿ for 手).
 * The first block has compatibility mappings in Unicode; the supplement, as in Unicode's EquivalentUnifiedIdeograph.txt,
 * has none, so it is spelled out: pairs of radical and ideograph.
 */
const supplement = new Map(
  (
    '⺁厂 ⺄乙 ⺅亻 ⺆冂 ⺈刀 ⺉刂 ⺊卜 ⺌小 ⺍小 ⺎兀 ⺐尢 ⺒巳 ⺓幺 ⺖忄 ⺘扌 ⺙攵 ⺛旡 ⺜日 ⺝月 ⺞歺 ⺟母 ⺠民 ⺡氵 ⺣灬 ' +
    '⺤爫 ⺥爫 ⺦丬 ⺧牛 ⺨犭 ⺩王 ⺬示 ⺭礻 ⺮竹 ⺯糹 ⺰纟 ⺳网 ⺶羊 ⺹耂 ⺻聿 ⺼肉 ⺾艹 ⺿艹 ⻀艹 ⻁虎 ⻂衤 ⻃覀 ⻄西 ⻅见 ⻆角 ' +
    '⻈讠 ⻉贝 ⻋车 ⻌辶 ⻍辶 ⻎辶 ⻏阝 ⻐钅 ⻑長 ⻒镸 ⻓长 ⻔门 ⻖阝 ⻗雨 ⻘青 ⻙韦 ⻚页 ⻛风 ⻜飞 ⻝食 ⻟飠 ⻠饣 ⻢马 ⻣骨 ⻤鬼 ' +
    '⻥鱼 ⻦鸟 ⻧卤 ⻨麦 ⻩黄 ⻪黾 ⻫斉 ⻬齐 ⻭歯 ⻮齿 ⻯竜 ⻰龙 ⻱龜 ⻲亀 ⻳龟'
  )
    .split(' ')
    .map((pair) => [pair.charAt(0), pair.charAt(1)]),
);
const radicals = /[\u2E80-\u2FDF\uF900-\uFAFF]/gu;

/** Radicals and compatibility ideographs as the unified characters that a person would type. */
export function unifyIdeographs(text: string): string {
  return text.replace(radicals, (character) => supplement.get(character) ?? character.normalize('NFKC'));
}
