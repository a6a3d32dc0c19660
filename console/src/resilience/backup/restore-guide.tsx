import { CopyOutlined } from '@ant-design/icons';
import { Button, Modal, Skeleton, Steps } from 'antd';
import { useState } from 'react';
import { type BackupSnapshot, planRestore, type RestorePlan } from '../../api/backups.ts';
import { failureText } from '../../i18n/error-text.ts';
import { formatBytes, formatDateTime, formatDuration, formatNumber } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { copyText } from '../../shell/download.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { useFeedback } from '../../shell/use-feedback.ts';
import { useFocusReturn } from '../../shell/use-focus-return.ts';
import { useLoad } from '../../store/use-load.ts';

const STEPS = ['what', 'consequence', 'command'] as const;

interface RestoreGuideProps {
  snapshot: BackupSnapshot;
  onClose: () => void;
}

/** Step by step to the one command: a service that runs cannot replace itself. */
export function RestoreGuide({ snapshot, onClose }: RestoreGuideProps) {
  const t = useText();
  const [step, setStep] = useState(0);
  const plan = useLoad(`restore-plan:${snapshot.repository}:${snapshot.id}`, () => planRestore(snapshot));
  useFocusReturn();
  const isLast = step === STEPS.length - 1;
  return (
    <Modal open centered footer={null} width={640} title={t('restoreGuide.title')} onCancel={onClose}>
      <div className="stack">
        <Steps
          size="small"
          current={step}
          items={STEPS.map((name) => ({ title: t(`restoreStep.${name}`) }))}
        />
        {plan.error !== null && <ErrorNotice error={plan.error} onRetry={() => void plan.reload()} />}
        {plan.value === null && plan.error === null && <Skeleton active />}
        {plan.value !== null && <StepText name={STEPS[step] ?? 'what'} plan={plan.value} />}
        <div className="row-end">
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{t('restoreGuide.back')}</Button>}
          {isLast ? (
            <Button type="primary" onClick={onClose}>
              {t('restoreGuide.done')}
            </Button>
          ) : (
            <Button
              type="primary"
              disabled={plan.value === null || !plan.value.is_restorable}
              onClick={() => setStep(step + 1)}
            >
              {t('restoreGuide.next')}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  );
}

function StepText({ name, plan }: { name: (typeof STEPS)[number]; plan: RestorePlan }) {
  switch (name) {
    case 'what':
      return <WhatComesBack plan={plan} />;
    case 'consequence':
      return <Consequence plan={plan} />;
    case 'command':
      return <Command plan={plan} />;
  }
}

function WhatComesBack({ plan }: { plan: RestorePlan }) {
  const t = useText();
  const language = useLanguage();
  const { snapshot, failure } = plan;
  const facts = [
    [t('snapshot.time'), formatDateTime(language, snapshot.created_at)],
    [t('snapshot.repository'), snapshot.repository],
    [t('snapshot.documents'), formatNumber(language, snapshot.counts.documents ?? 0)],
    [t('restoreGuide.conversations'), formatNumber(language, snapshot.counts.conversations ?? 0)],
    [t('snapshot.size'), formatBytes(language, snapshot.plain_bytes)],
    [t('restoreGuide.version'), snapshot.program_version],
  ] as const;
  const refused = failure === null ? null : failureText(t, failure.code ?? null, failure.message);
  return (
    <>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {refused !== null && <p className="notice is-bad">{refused.what}</p>}
      <p className="muted">{t('restoreGuide.part')}</p>
    </>
  );
}

function Consequence({ plan }: { plan: RestorePlan }) {
  const t = useText();
  const language = useLanguage();
  const { expected_seconds: expected } = plan;
  return (
    <ul className="backup-list">
      <li>{t('restoreGuide.lost', { time: formatDateTime(language, plan.lost_since) })}</li>
      <li>{t('restoreGuide.aside')}</li>
      <li>{t('restoreGuide.newLife')}</li>
      <li>
        {expected === null
          ? t('restoreGuide.unknownTime')
          : t('restoreGuide.expected', { time: formatDuration(language, expected) })}
      </li>
    </ul>
  );
}

function Command({ plan }: { plan: RestorePlan }) {
  const t = useText();
  const { tell } = useFeedback();
  return (
    <>
      <ol className="backup-list">
        <li>{t('restoreGuide.stop')}</li>
        <li>{t('restoreGuide.key')}</li>
        <li>{t('restoreGuide.run')}</li>
      </ol>
      <div className="backup-command">
        <code>{plan.command}</code>
        <Button
          icon={<CopyOutlined />}
          onClick={() => void copyText(plan.command).then(() => tell(t('restoreGuide.copied')))}
        >
          {t('restoreGuide.copy')}
        </Button>
      </div>
      <ol className="backup-list" start={4}>
        <li>{t('restoreGuide.start')}</li>
        <li>{t('restoreGuide.check')}</li>
      </ol>
    </>
  );
}
