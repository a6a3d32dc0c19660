import { MenuOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Drawer } from 'antd';
import { lazy, Suspense, useEffect, useState } from 'react';
import { currentWorkspace, session } from '../api/session.ts';
import { useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { StartBanner, UnreachableBanner } from './banner.tsx';
import { ChangePassword } from './change-password.tsx';
import { RoomBoundary } from './room-boundary.tsx';
import { roomsFor } from './rooms.ts';
import { navigate, useRoute } from './router.ts';
import { Sidebar } from './sidebar.tsx';
import { useIsPhone } from './use-media.ts';
import { usePasswordReminder } from './use-password-reminder.ts';

const SearchPalette = lazy(() => import('../chat/conversations/search-palette.tsx'));

/** The frame around the rooms. */
export function Shell() {
  const t = useText();
  const isPhone = useIsPhone();
  const route = useRoute();
  const state = useObservable(session);
  const [drawerOpen, setDrawerOpen] = useState(false);
  const [searchOpen, setSearchOpen] = useState(false);
  const [passwordOpen, setPasswordOpen] = useState(false);
  const { isDue, postpone } = usePasswordReminder(state.account);
  useShortcut('k', () => setSearchOpen(true));

  const rooms = roomsFor(currentWorkspace(state)?.role);
  const room = rooms.find(({ id }) => id === route.room) ?? rooms[0];
  // An address of no room, or of one that is not for this person.
  const isElsewhere = room !== undefined && room.id !== route.room;
  useEffect(() => {
    if (isElsewhere) navigate(room.id, null, { replace: true });
  }, [isElsewhere, room]);
  const sidebar = (
    <Sidebar
      onSearch={() => {
        setDrawerOpen(false);
        setSearchOpen(true);
      }}
      onChangePassword={() => setPasswordOpen(true)}
      onChosen={() => setDrawerOpen(false)}
    />
  );

  return (
    <div className="shell">
      <a className="skip-link" href="#main" onClick={focusMain}>
        {t('nav.skip')}
      </a>
      {!isPhone && <aside className="shell-side">{sidebar}</aside>}
      <div className="shell-main">
        {isPhone && (
          <header className="phone-bar">
            <Button
              type="text"
              icon={<MenuOutlined />}
              aria-label={t('nav.menu')}
              onClick={() => setDrawerOpen(true)}
            />
            <span className="phone-title">{room === undefined ? '' : t(room.label)}</span>
            <Button
              type="text"
              icon={<PlusOutlined />}
              aria-label={t('chat.new')}
              onClick={() => navigate('chat')}
            />
          </header>
        )}
        <UnreachableBanner />
        <StartBanner />
        <main id="main" tabIndex={-1} className="room">
          <RoomBoundary key={room?.id}>
            <Suspense fallback={<div className="room-loading" aria-busy="true" />}>
              {room !== undefined && <room.Component id={room.id === route.room ? route.id : null} />}
            </Suspense>
          </RoomBoundary>
        </main>
      </div>
      {isPhone && (
        <Drawer
          open={drawerOpen}
          onClose={() => setDrawerOpen(false)}
          placement="left"
          size={300}
          closable={false}
          styles={{ body: { padding: 0 } }}
          aria-label={t('nav.menu')}
        >
          {sidebar}
        </Drawer>
      )}
      <Suspense>{searchOpen && <SearchPalette onClose={() => setSearchOpen(false)} />}</Suspense>
      {(isDue || passwordOpen) && state.status === 'signed-in' && (
        <ChangePassword
          isFirst={isDue}
          onClose={() => {
            postpone();
            setPasswordOpen(false);
          }}
        />
      )}
    </div>
  );
}

function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}

function useShortcut(letter: string, run: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (event.key.toLowerCase() !== letter) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  });
}
