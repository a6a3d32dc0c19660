import { useCallback, useEffect, useRef, useState } from 'react';
import { session } from '../api/session.ts';
import { Observable, useObservable } from './observable.ts';
import { type Polled, Poller } from './poller.ts';

export interface LivePicture<T> extends Polled<T> {
  readNow: () => void;
}

const isHidden = new Observable<boolean>(globalThis.document?.hidden ?? false);
globalThis.document?.addEventListener('visibilitychange', () => isHidden.set(document.hidden));

const NOTHING: Polled<never> = { value: null, error: null, readAt: null };

/** Something that is read again and again while the view is there; begins anew when `key` or the workspace changes. */
export function usePoll<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
): LivePicture<T> {
  const { generation } = useObservable(session);
  const latestRead = useRef(read);
  latestRead.current = read;
  const poller = useRef<Poller<T> | null>(null);
  const wanted = `${generation}:${key}`;
  const [picture, setPicture] = useState<{ of: string; polled: Polled<T> }>({ of: wanted, polled: NOTHING });

  useEffect(() => {
    const own = new Poller<T>({ read: (signal) => latestRead.current(signal), intervalMs, isHidden });
    poller.current = own;
    const end = own.state.subscribe(() => setPicture({ of: wanted, polled: own.state.get() }));
    return () => {
      end();
      own.stop();
    };
  }, [wanted, intervalMs]);

  const readNow = useCallback(() => poller.current?.readNow(), []);
  return { ...(picture.of === wanted ? picture.polled : NOTHING), readNow };
}
