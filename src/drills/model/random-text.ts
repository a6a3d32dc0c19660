const HAN = '根据规定员工应当提前申请年假主管须在三个工作日内批复并抄送人事部门存档备查超过期限视为同意不得';
const WORDS =
  'the leave policy applies to all staff who request days off in advance and managers answer within three working days'.split(
    ' ',
  );
const MARKS = ['. ', ', ', '\n\n', '\n- ', ' ', '。', '，', '；', ' 🙂', '  '];

/** A small repeatable generator (mulberry32): the same seed gives the same numbers. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Prose of at least `length` characters in Chinese and English, with numbers, so that no two places look alike. */
export function randomText(random: () => number, length: number): string {
  const pick = <T>(from: ArrayLike<T>): T => from[Math.floor(random() * from.length)]!;
  let text = '';
  while (text.length < length) {
    const kind = random();
    if (kind < 0.45) text += pick(HAN);
    else if (kind < 0.7) text += ` ${pick(WORDS)}`;
    else if (kind < 0.85) text += String(Math.floor(random() * 1_000));
    else text += pick(MARKS);
  }
  return text.trimStart();
}

/** The text in pieces of 1 to 12 characters. */
export function splitRandomly(random: () => number, text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const size = 1 + Math.floor(random() * 12);
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}
