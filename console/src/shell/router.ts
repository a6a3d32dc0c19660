import { useSyncExternalStore } from 'react';

/** The page's address is its hash: `#/room/id`. It works whatever path the console is served under. */
export interface Route {
  room: string;
  id: string | null;
}

export function hrefOf(room: string, id: string | null = null): string {
  return id === null ? `#/${room}` : `#/${room}/${encodeURIComponent(id)}`;
}

export function navigate(room: string, id: string | null = null, { replace = false } = {}): void {
  const href = hrefOf(room, id);
  if (location.hash === href) return;
  if (replace) {
    history.replaceState(null, '', href);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else location.hash = href;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}

export function parseRoute(hash: string): Route {
  const [room = '', id] = hash.replace(/^#\/?/, '').split('/');
  return { room: room === '' ? 'chat' : room, id: id === undefined || id === '' ? null : decode(id) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
