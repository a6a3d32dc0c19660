import type { CounterName } from '../signals/signals.ts';
import type { AlertRule, Condition } from './rule.ts';

const ENDED_TURNS = ['turns_completed', 'turns_incomplete', 'turns_failed'] as const;
const HOUR_SECONDS = 3_600;

export const BUSINESS_RULES: readonly AlertRule[] = [
  {
    name: 'answers-failing',
    layer: 'business',
    group: 'answers',
    severity: 'critical',
    condition: {
      kind: 'ratio',
      of: 'turns_failed',
      to: ENDED_TURNS,
      seconds: 300,
      threshold: 0.05,
      minEvents: 3,
    },
    failures: 2,
    recoveries: 12,
    text: {
      en: {
        title: 'Questions get no answer',
        advice:
          'One question in twenty or more ended without any answer. `budao runs list --kind answer --status failed` shows them with the reason of each.',
      },
      zh: {
        title: '问题得不到回答',
        advice:
          '至少二十分之一的问题没有得到任何回答。`budao runs list --kind answer --status failed` 会列出它们及各自的原因。',
      },
    },
  },
  {
    name: 'answers-degraded',
    layer: 'business',
    group: 'models',
    severity: 'warning',
    condition: {
      kind: 'ratio',
      of: 'turns_degraded',
      to: ENDED_TURNS,
      seconds: 600,
      threshold: 0.3,
      minEvents: 5,
    },
    failures: 3,
    recoveries: 12,
    text: {
      en: {
        title: 'Many answers are given in a lesser mode',
        advice:
          'A model, the embedder or the index is away for many questions. `/readyz?verbose` names it; people see the mode in each answer.',
      },
      zh: {
        title: '大量回答处于降级模式',
        advice:
          '许多问题遇到模型、向量模型或索引不可用。`/readyz?verbose` 会指明；用户在每个回答中能看到模式。',
      },
    },
  },
  {
    name: 'mode-degraded',
    layer: 'business',
    group: 'models',
    severity: 'warning',
    condition: { kind: 'above', of: 'mode_degraded', threshold: 0.5 },
    failures: 6,
    recoveries: 3,
    text: {
      en: {
        title: 'Answers are now given in a lesser mode',
        advice:
          'What is named here is away. The service goes back to its full mode by itself when it returns.',
      },
      zh: {
        title: '当前以降级模式回答',
        advice: '此处所列的依赖不可用。恢复后服务会自动回到完整模式。',
      },
    },
  },
  {
    name: 'first-words-slow',
    layer: 'business',
    group: 'answers',
    severity: 'warning',
    condition: {
      kind: 'quantile',
      of: 'first_text_time',
      share: 0.95,
      seconds: 600,
      threshold: 10,
      minEvents: 10,
    },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'People wait long for the first words',
        advice:
          'One answer in twenty begins after more than ten seconds. See the alerts about the queue and the models; a model server that is overloaded is the usual cause.',
      },
      zh: {
        title: '首字等待过长',
        advice: '二十分之一的回答超过十秒才出现首字。请参看排队和模型告警；通常是模型服务器过载。',
      },
    },
  },
  {
    name: 'declines-high',
    layer: 'business',
    group: 'knowledge',
    severity: 'info',
    condition: halfOfTheAnswers('turns_declined'),
    failures: 12,
    recoveries: 60,
    text: {
      en: {
        title: 'Half of the answers say that the documents do not say',
        advice:
          'People ask for what is not there, or it is not found: documents were removed, an ingest failed, or an index is damaged. Try such a question in the search box; run `budao doctor`.',
      },
      zh: {
        title: '半数回答表示文档中没有相关内容',
        advice:
          '用户所问不在文档中，或没有检索到：文档被删除、导入失败，或索引受损。请在检索框里试一试这类问题，并运行 `budao doctor`。',
      },
    },
  },
  {
    name: 'citations-missing',
    layer: 'business',
    group: 'knowledge',
    severity: 'warning',
    condition: halfOfTheAnswers('turns_uncited'),
    failures: 12,
    recoveries: 60,
    text: {
      en: {
        title: 'Half of the answers cite nothing',
        advice:
          'The model does not cite, or answers without the documents. Look at some answers; a model that was exchanged, or a knowledge base that became empty, is the usual cause.',
      },
      zh: {
        title: '半数回答没有引用',
        advice: '模型没有标注引用，或脱离文档作答。请查看几个回答；常见原因是更换了模型，或知识库变空。',
      },
    },
  },
  {
    name: 'readers-unhappy',
    layer: 'business',
    group: 'answers',
    severity: 'info',
    condition: {
      kind: 'ratio',
      of: 'thumbs_down',
      to: ['thumbs_up', 'thumbs_down'],
      seconds: HOUR_SECONDS,
      threshold: 0.5,
      minEvents: 5,
    },
    failures: 1,
    recoveries: 60,
    text: {
      en: {
        title: 'Readers find answers bad',
        advice:
          'More thumbs down than up within an hour. Read those answers: wrong documents, an old edition, a model that was exchanged?',
      },
      zh: {
        title: '读者认为回答不好',
        advice: '一小时内的"踩"多于"赞"。请阅读这些回答：文档有误、版本过旧，还是更换了模型？',
      },
    },
  },
  {
    name: 'canary-failing',
    layer: 'business',
    group: 'answers',
    severity: 'critical',
    condition: { kind: 'above', of: 'canary_failures_in_a_row', threshold: 2 },
    failures: 1,
    recoveries: 1,
    text: {
      en: {
        title: 'The golden question is not answered as it should be',
        advice:
          'Asked through the front door like any person, Budao failed three times in a row. Ask the question yourself (`budao ask`): an error tells the cause; a wrong answer means that its document is missing or is not found.',
      },
      zh: {
        title: '黄金问题没有得到应有的回答',
        advice:
          '像普通用户一样从正门提问，Budao 连续三次未通过。请自己提问（`budao ask`）：报错会说明原因；答错说明相应文档缺失或检索不到。',
      },
    },
  },
  {
    name: 'evaluation-failing',
    layer: 'business',
    group: 'answers',
    severity: 'critical',
    condition: { kind: 'above', of: 'evaluation_failed', threshold: 0.5 },
    failures: 1,
    recoveries: 1,
    text: {
      en: {
        title: 'Answers are worse than they were',
        advice:
          'The last evaluation of the golden set named here failed: an answer without a source, a leak, questions without an answer, or worse beyond doubt. `budao eval list` shows when it began, `budao eval show` with its id which questions and what had changed. Once it is mended, or meant to be so, evaluate again.',
      },
      zh: {
        title: '回答比以前差',
        advice:
          '此处所列黄金问题集的最近一次评测未通过：引用无处可查、出现泄露、有问题得不到回答，或确实变差。`budao eval list` 显示从何时开始，`budao eval show` 加 id 显示哪些问题以及什么发生了变化。修复之后，或确认本应如此，请重新评测。',
      },
    },
  },
];

/** In an hour, and of enough answers that it is no accident. */
function halfOfTheAnswers(of: CounterName): Condition {
  return { kind: 'ratio', of, to: ['turns_completed'], seconds: HOUR_SECONDS, threshold: 0.5, minEvents: 15 };
}
