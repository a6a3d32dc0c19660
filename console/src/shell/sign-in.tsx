import { Button, Input, Modal } from 'antd';
import { useId, useState } from 'react';
import { session, signIn } from '../api/session.ts';
import { useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { useSubmission } from '../store/use-submission.ts';
import { ErrorNotice } from './error-notice.tsx';
import { LanguageSwitch } from './language-switch.tsx';
import { Logo } from './logo.tsx';

export function SignInPage() {
  const t = useText();
  return (
    <main className="gate">
      <div className="gate-card">
        <div className="gate-brand">
          <Logo size={44} />
          <h1>{t('brand.name')}</h1>
          <p>{t('brand.promise')}</p>
        </div>
        <SignInForm username="" />
      </div>
      <LanguageSwitch />
    </main>
  );
}

/** Over the page when the session has ended: everything underneath stays as it was. */
export function SignInAgain() {
  const t = useText();
  const { account } = useObservable(session);
  return (
    <Modal
      open
      closable={false}
      footer={null}
      title={t('signIn.again')}
      width={400}
      centered
      keyboard={false}
    >
      <p className="muted">{t('signIn.againText')}</p>
      <SignInForm username={account?.username ?? ''} />
    </Modal>
  );
}

function SignInForm({ username: initial }: { username: string }) {
  const t = useText();
  const id = useId();
  const [username, setUsername] = useState(initial);
  const [password, setPassword] = useState('');
  const { busy, error, submit } = useSubmission(() => signIn(username.trim(), password));

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (username.trim() !== '' && password !== '') void submit();
      }}
    >
      <label htmlFor={`${id}-username`}>{t('signIn.username')}</label>
      <Input
        id={`${id}-username`}
        size="large"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus={initial === ''}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <label htmlFor={`${id}-password`}>{t('signIn.password')}</label>
      <Input.Password
        id={`${id}-password`}
        size="large"
        autoComplete="current-password"
        autoFocus={initial !== ''}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {error !== null && <ErrorNotice error={error} />}
      <Button type="primary" size="large" htmlType="submit" loading={busy} block>
        {t('signIn.submit')}
      </Button>
    </form>
  );
}
