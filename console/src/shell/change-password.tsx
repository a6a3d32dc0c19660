import { Button, Input, Modal } from 'antd';
import { useId, useState } from 'react';
import { changePassword } from '../api/administration.ts';
import { notePasswordChanged, session } from '../api/session.ts';
import { useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { useSubmission } from '../store/use-submission.ts';
import { ErrorNotice } from './error-notice.tsx';
import { useFeedback } from './use-feedback.ts';
import { useFocusReturn } from './use-focus-return.ts';

const minPasswordLength = 10;

/** `isFirst`: the password was given by someone else and should be changed now, or later. */
export function ChangePassword({ isFirst, onClose }: { isFirst: boolean; onClose: () => void }) {
  const t = useText();
  useFocusReturn();
  return (
    <Modal
      open
      centered
      width={420}
      footer={null}
      closable={!isFirst}
      mask={{ closable: false }}
      onCancel={onClose}
      title={isFirst ? t('password.firstTitle') : t('password.title')}
    >
      <p className="muted">{isFirst ? t('password.firstText') : t('password.text')}</p>
      <ChangePasswordForm isFirst={isFirst} onClose={onClose} />
    </Modal>
  );
}

function ChangePasswordForm({ isFirst, onClose }: { isFirst: boolean; onClose: () => void }) {
  const t = useText();
  const id = useId();
  const { tell } = useFeedback();
  const { account } = useObservable(session);
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const isTooShort = next !== '' && next.length < minPasswordLength;

  const { busy, error, submit } = useSubmission(async () => {
    await changePassword(current, next);
    notePasswordChanged();
    tell(t('password.done'));
    onClose();
  });

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (current !== '' && next.length >= minPasswordLength) void submit();
      }}
    >
      {/* Tells a password manager whose password this is. */}
      <input type="text" hidden readOnly autoComplete="username" value={account?.username ?? ''} />
      <label htmlFor={`${id}-current`}>{t('password.current')}</label>
      <Input.Password
        id={`${id}-current`}
        autoComplete="current-password"
        autoFocus
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
      />
      <label htmlFor={`${id}-next`}>{t('password.next')}</label>
      <Input.Password
        id={`${id}-next`}
        autoComplete="new-password"
        value={next}
        status={isTooShort ? 'error' : ''}
        aria-describedby={`${id}-hint`}
        onChange={(event) => setNext(event.target.value)}
      />
      <small id={`${id}-hint`} className={isTooShort ? 'bad' : 'muted'}>
        {t('password.hint', { count: minPasswordLength })}
      </small>
      {error !== null && <ErrorNotice error={error} />}
      <div className="row-end">
        <Button onClick={onClose}>{isFirst ? t('password.later') : t('action.cancel')}</Button>
        <Button type="primary" htmlType="submit" loading={busy}>
          {t('password.submit')}
        </Button>
      </div>
    </form>
  );
}
