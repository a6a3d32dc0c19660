import { App as AntApp, Button, ConfigProvider } from 'antd';
import enUs from 'antd/locale/en_US';
import zhCn from 'antd/locale/zh_CN';
import { useEffect, useMemo } from 'react';
import { session, startSession } from '../api/session.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { antdTheme } from './antd-theme.ts';
import { Logo } from './logo.tsx';
import { themeName } from './preferences.ts';
import { Shell } from './shell.tsx';
import { SignInAgain, SignInPage } from './sign-in.tsx';
import { useReducedMotion } from './use-media.ts';

export function App() {
  const choice = useLanguage();
  const name = useObservable(themeName);
  const reducedMotion = useReducedMotion();
  const theme = useMemo(() => antdTheme(name, reducedMotion), [name, reducedMotion]);
  useEffect(() => {
    document.documentElement.lang = choice === 'zh' ? 'zh-CN' : 'en';
  }, [choice]);
  useEffect(() => void startSession(), []);
  return (
    <ConfigProvider
      theme={theme}
      locale={choice === 'zh' ? zhCn : enUs}
      wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}
    >
      <AntApp className="app">
        <Gate />
      </AntApp>
    </ConfigProvider>
  );
}

function Gate() {
  const t = useText();
  const { status, account, workspaceId } = useObservable(session);
  if (status === 'signed-out') return <SignInPage />;
  if (status === 'starting') {
    return (
      <div className="gate" aria-busy="true">
        <Logo size={56} />
      </div>
    );
  }
  if (status === 'unreachable') {
    return (
      <main className="gate">
        <div className="gate-card gate-brand">
          <Logo size={44} />
          <h1>{t('gate.unreachable')}</h1>
          <p>{t('gate.unreachableText')}</p>
          <Button type="primary" onClick={() => void startSession()}>
            {t('action.retry')}
          </Button>
        </div>
      </main>
    );
  }
  return (
    <>
      <Shell key={`${account?.id}:${workspaceId}`} />
      {status === 'expired' && <SignInAgain />}
    </>
  );
}
