const digits = '零一二三四五六七八九';
const legalDigits = '零壹贰叁肆伍陆柒捌玖';
const units = ['', '十', '百', '千'];
const legalUnits = ['', '拾', '佰', '仟'];
const stems = '甲乙丙丁戊己庚辛壬癸';
const branches = '子丑寅卯辰巳午未申酉戌亥';

/** A number as Word's `numFmt` writes it; Arabic digits for formats that hardly anyone uses. */
export function formatNumber(value: number, format: string): string {
  switch (format) {
    case 'chineseCounting':
    case 'chineseCountingThousand':
    case 'taiwaneseCounting':
    case 'taiwaneseCountingThousand':
    case 'japaneseCounting':
    case 'ideographDigital':
    case 'japaneseDigitalTenThousand':
      return chinese(value, digits, units);
    case 'chineseLegalSimplified':
    case 'ideographLegalTraditional':
      return chinese(value, legalDigits, legalUnits);
    case 'ideographTraditional':
      return stems.charAt(value - 1) || String(value);
    case 'ideographZodiac':
      return branches.charAt(value - 1) || String(value);
    case 'upperLetter':
      return letters(value);
    case 'lowerLetter':
      return letters(value).toLowerCase();
    case 'upperRoman':
      return roman(value);
    case 'lowerRoman':
      return roman(value).toLowerCase();
    case 'decimalZero':
      return String(value).padStart(2, '0');
    case 'decimalEnclosedCircle':
    case 'decimalEnclosedCircleChinese':
      return value >= 1 && value <= 20 ? String.fromCodePoint(0x245f + value) : String(value);
    case 'decimalFullWidth':
      return String(value).replace(/\d/gu, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    default:
      return String(value);
  }
}

function chinese(value: number, digitNames: string, unitNames: readonly string[]): string {
  if (value < 1 || value > 9999) return String(value);
  let text = '';
  let zero = false;
  const places = [...String(value)];
  places.forEach((place, index) => {
    const digit = Number(place);
    if (digit === 0) {
      zero = true;
      return;
    }
    if (zero && text !== '') text += digitNames.charAt(0);
    zero = false;
    text += digitNames.charAt(digit) + (unitNames[places.length - 1 - index] ?? '');
  });
  return text.replace(/^一十/u, '十');
}

/** A … Z, AA, BB, …: Word repeats the letter. */
function letters(value: number): string {
  if (value < 1 || value > 780) return String(value);
  return String.fromCodePoint(65 + ((value - 1) % 26)).repeat(Math.ceil(value / 26));
}

function roman(value: number): string {
  if (value < 1 || value > 3999) return String(value);
  const steps: [number, string][] = [
    [1000, 'M'],
    [900, 'CM'],
    [500, 'D'],
    [400, 'CD'],
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ];
  let rest = value;
  let text = '';
  for (const [worth, letter] of steps) {
    text += letter.repeat(Math.floor(rest / worth));
    rest %= worth;
  }
  return text;
}
