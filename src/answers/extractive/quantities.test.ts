import { describe, expect, it } from 'vitest';
import { normalise } from '../../knowledge/text/normalise.ts';
import { quantitiesIn } from './quantities.ts';

const seen = (text: string) =>
  quantitiesIn(normalise(text)).map(({ kind, unit, value }) => `${kind} ${unit} ${value}`);

describe('quantitiesIn', () => {
  it('reads Chinese and Arabic figures as the same quantity', () => {
    expect(seen('三十日')).toEqual(['duration day 30']);
    expect(seen('３０天')).toEqual(['duration day 30']);
    expect(seen('十五个工作日')).toEqual(['duration day 15']);
    expect(seen('十分钟后、三十分钟内')).toEqual(['duration minute 10', 'duration minute 30']);
    expect(seen('二个月、半年')).toEqual(['duration month 2', 'duration year 0.5']);
  });

  it('tells money, ratios, people, ages and dates apart', () => {
    expect(seen('处5万元罚款')[0]).toMatch(/^money .* /);
    expect(seen('工资的300%')).toEqual(['ratio % 300']);
    expect(seen('百分之二十五')).toEqual(['ratio % 25']);
    expect(seen('二倍')).toEqual(['ratio 倍 2']);
    expect(seen('一百人')).toEqual(['people 人 100']);
    expect(seen('年满16周岁')).toEqual(['age 岁 16']);
    expect(seen('2024年')[0]).toMatch(/^date /);
  });

  it('reads English figures', () => {
    expect(seen('within 14 working days')).toEqual(['duration day 14']);
    expect(seen('a six-month probation')).toContain('duration month 6');
    expect(seen('two hours')).toEqual(['duration hour 2']);
    expect(seen('75 percent')).toEqual(['ratio % 75']);
    expect(seen('¥500 a night')[0]).toMatch(/^money .* 500$/);
  });

  it('takes article numbers and ordinary words for no quantity', () => {
    expect(seen('依照第四十七条第一款的规定，一般应当统一办理，情形之一的除外，这十分重要')).toEqual([]);
  });
});
