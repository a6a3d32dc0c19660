// How well a unit answers a part of the question: the words that it shares, and the kind of answer that it holds.

import { normalise } from '../../knowledge/text/normalise.ts';
import { tokenise } from '../../knowledge/text/tokenise.ts';
import type { Passage } from '../ports.ts';
import { type Concept, coverage, termsOf } from './concepts.ts';
import { type Quantity, quantitiesIn } from './quantities.ts';
import type { Expectation } from './question.ts';
import { type Unit, unitText } from './split-passage.ts';

/** A clause of a sentence, or an item of a list: the closest company that a figure keeps. */
export interface Segment {
  text: string;
  terms: ReadonlySet<string>;
  quantities: readonly Quantity[];
}

/** A unit with what scoring needs, worked out once. */
export interface IndexedUnit extends Unit {
  text: string;
  terms: ReadonlySet<string>;
  headTerms: ReadonlySet<string>;
  segments: readonly Segment[];
}

export interface IndexedPassage {
  passage: Passage;
  units: readonly IndexedUnit[];
  /** Terms of title and headings: what the text is about without saying it again. */
  headings: ReadonlySet<string>;
  /** Terms of title, headings and of the sentences around a table: what its rows leave unsaid. */
  frame: ReadonlySet<string>;
  /** Terms of text, title and headings. */
  terms: ReadonlySet<string>;
}

/** The question's notions, weighed twice. */
export interface WeighedConcepts {
  /** By how few units of the passage hold them: tells the units of one passage apart. */
  amongUnits: readonly Concept[];
  /** By how few passages hold them: tells whether a passage is about the question at all. */
  amongPassages: readonly Concept[];
}

export interface Evidence {
  /** Share of the question's words in the unit, for comparing units; words around it count in part. */
  match: number;
  /** The same with the weights that tell whether the subject is covered. */
  coverage: number;
  /** Share that the passage holds anywhere, headings included. */
  passageCoverage: number;
  /** Share that the unit holds itself, without what stands around it. */
  own: number;
  /** 0 to 1: does the best segment hold the kind of answer that was asked for? */
  answerType: number;
  /** The segment that the figures above speak of. */
  segment: number;
}

/** What a word is worth that stands not in the segment but in its sentence, in the headings, or elsewhere in its passage. */
const IN_UNIT = 0.7;
const IN_FRAME = 0.8;
const IN_HEADINGS = 0.7;
const IN_PASSAGE = 0.45;
/** How much the passage as a whole counts beside the unit. */
const PASSAGE_SHARE = 0.3;

/** A sentence up to this length may introduce a table. */
const MAX_FRAME_CHARS = 60;

/** What a bare number in a table says about the kind of figure. */
const BARE_CELL = 0.8;

export const NO_EVIDENCE: Evidence = {
  match: 0,
  coverage: 0,
  passageCoverage: 0,
  own: 0,
  answerType: 0,
  segment: 0,
};

export function indexPassage(passage: Passage, units: readonly Unit[]): IndexedPassage {
  const indexed = units.map(indexUnit);
  const terms = termsOf([passage.filename, ...passage.chunk.headingPath].join('\n'));
  const headings = new Set(terms);
  const frame = new Set(terms);
  for (const unit of indexed) {
    for (const term of unit.terms) {
      terms.add(term);
      if (unit.kind === 'sentence' && unit.text.length <= MAX_FRAME_CHARS) frame.add(term);
    }
  }
  return { passage, units: indexed, headings, frame, terms };
}

function indexUnit(unit: Unit): IndexedUnit {
  const clauses =
    unit.kind === 'list'
      ? unit.items
      : unit.kind === 'row'
        ? [unit.head]
        : unit.head.split(/(?<=[；;。！？])/u);
  const parts = unit.kind === 'list' && unit.head !== '' ? [unit.head, ...clauses] : clauses;
  const segments = parts.map((text) => {
    const plain = normalise(text);
    return { text, terms: new Set(tokenise(plain)), quantities: quantitiesIn(plain) };
  });
  return {
    ...unit,
    text: unitText(unit),
    terms: new Set(segments.flatMap((segment) => [...segment.terms])),
    headTerms: unit.kind === 'list' && unit.head !== '' ? (segments[0] as Segment).terms : new Set(),
    segments,
  };
}

export function evidenceOf(
  unit: IndexedUnit,
  passage: IndexedPassage,
  { amongUnits, amongPassages }: WeighedConcepts,
  expects: Expectation,
): Evidence {
  const inPassage = (term: string) => (passage.terms.has(term) ? 1 : 0);
  const passageCoverage = coverage(amongPassages, inPassage);
  // A row says what its headings and the sentence before the table leave to it.
  const holds = (term: string) => unit.terms.has(term) || (unit.kind === 'row' && passage.frame.has(term));
  const own = coverage(amongPassages, (term) => (holds(term) ? 1 : 0));
  let best: Evidence = { ...NO_EVIDENCE, passageCoverage, own };
  unit.segments.forEach((segment, at) => {
    const near = (term: string) => {
      if (segment.terms.has(term) || unit.headTerms.has(term)) return 1;
      if (unit.kind === 'row' && passage.frame.has(term)) return IN_FRAME;
      if (unit.terms.has(term)) return IN_UNIT;
      if (passage.headings.has(term)) return IN_HEADINGS;
      return passage.terms.has(term) ? IN_PASSAGE : 0;
    };
    const found: Evidence = {
      match: (1 - PASSAGE_SHARE) * coverage(amongUnits, near) + PASSAGE_SHARE * passageCoverage,
      coverage: coverage(amongPassages, near),
      passageCoverage,
      own,
      answerType: answerTypeOf(segment, unit, expects),
      segment: at,
    };
    if (at === 0 || scoreOf(found) > scoreOf(best)) best = found;
  });
  return best;
}

/** 0 to 1. The right words without the right kind of answer are worth less than half. */
export function scoreOf(evidence: Evidence): number {
  return evidence.match * (0.4 + 0.6 * evidence.answerType);
}

const AGENT =
  /部门|机构|机关|委员会|法院|中心|办公室|单位|政府|公司|银行|协会|工会|小组|主任|经理|主管|负责人|科室?|处长?|局|\b(?:department|office|team|manager|desk|committee|officer|director|head|supervisor|administrator|nurse|physician|engineer|who)\b/iu;
const PLACE =
  /[省市区县镇乡村路街楼层室厅馆处院所]|位于|地址|所在地|\b(?:room|floor|building|street|desk|portal|website|at|located|counter|office)\b/iu;
const PROCEDURE =
  /应当?|申请|提交|办理|提出|可以|先|然后|填写|联系|登录|报告|通知|\b(?:submit|apply|contact|open|click|request|must|first|then|report|call|fill|sign|use)\b/iu;
const RULING =
  /应当?|不得|可以|必须|禁止|无需|无须|不需|不予|不能|有权|视为|属于|认定|不准|严禁|免|除外|方可|\b(?:must|may|not|shall|should|can|cannot|allowed|permitted|prohibited|required|only|never|entitled)\b/iu;

/** A time that is named without a figure. */
const WHEN =
  /[春夏秋冬]|季节|时代|时期|世纪|年间|[夜晚白早]间|夜里|白天|清晨|上午|下午|傍晚|黄昏|同时|随时|立即|(?:之[前后]|以[前后]|期间|时|前|后)(?=[，,；;。])|\b(?:morning|afternoon|evening|night|spring|summer|autumn|winter|before|after|when|once|during)\b/iu;
const SAID_WHEN = 0.6;

const FREQUENCY =
  /每(?:隔|满)?(?:半|[\d一二两三四五六七八九十]+)?个?(?:工作日|季度|小时|分钟|星期|班|次|[天日周月年季])|[\d一二两三四五六七八九十](?:天|日|周|个?月|年)[^。；;]{0,4}[一1]次|周期[:：]|\b(?:every|each|per|daily|weekly|monthly|quarterly|yearly|annually|once an?)\b/iu;

function answerTypeOf(segment: Segment, unit: IndexedUnit, expects: Expectation): number {
  switch (expects.kind) {
    case 'quantity':
      return Math.max(
        quantityMatch(segment.quantities, expects, unit.kind === 'row'),
        expects.unit === null && expects.quantities[0] === 'date' && WHEN.test(segment.text) ? SAID_WHEN : 0,
      );
    case 'frequency':
      return FREQUENCY.test(segment.text)
        ? 1
        : segment.quantities.some(({ kind }) => kind === 'duration')
          ? 0.6
          : 0.3;
    case 'agent':
      return AGENT.test(unit.text) ? 1 : 0.4;
    case 'place':
      return PLACE.test(unit.text) ? 1 : 0.4;
    case 'procedure':
      return unit.kind === 'list' || PROCEDURE.test(unit.text) ? 1 : 0.4;
    case 'yes-no':
      return RULING.test(segment.text) ? 1 : RULING.test(unit.text) ? 0.8 : 0.4;
    case 'open':
      return unit.kind === 'list' ? 1 : 0.9;
  }
}

/** 1 for the unit that was asked for, less for another unit of the kind, 0 without a fitting number. */
function quantityMatch(quantities: readonly Quantity[], expects: Expectation, isRow: boolean): number {
  let best = 0;
  for (const quantity of quantities) {
    const rank = expects.quantities.indexOf(quantity.kind);
    // A table names the unit in its header and leaves the cell a bare number.
    if (rank < 0 && isRow && quantity.kind === 'count') best = Math.max(best, BARE_CELL);
    if (rank < 0) continue;
    best = Math.max(best, unitFit(quantity.unit, expects.unit) * (rank === 0 ? 1 : 0.8));
  }
  return best;
}

const TIME_UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'];
/** What a figure in another unit is worth; one in a neighbouring unit of time may well be meant. */
const OTHER_UNIT = 0.6;
const FAR_UNIT = 0.3;

function unitFit(held: string, asked: string | null): number {
  if (asked === null || held.startsWith(asked)) return 1;
  const distance = Math.abs(TIME_UNITS.indexOf(held) - TIME_UNITS.indexOf(asked));
  return TIME_UNITS.includes(asked) && TIME_UNITS.includes(held) && distance > 1 ? FAR_UNIT : OTHER_UNIT;
}
