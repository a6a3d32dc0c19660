import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  loading: boolean;
  reload: () => Promise<void>;
  replace: (change: (value: T) => T) => void;
}

/** Loads on mount and whenever `key` changes; an answer that arrives for an older key is dropped. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: unknown; loading: boolean }>({
    key,
    value: null,
    error: null,
    loading: true,
  });
  const current = useRef<AbortController | null>(null);
  const latestLoad = useRef(load);
  latestLoad.current = load;

  const reload = useCallback(async () => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setState((old) =>
      old.key === key ? { ...old, loading: true } : { key, value: null, error: null, loading: true },
    );
    try {
      const value = await latestLoad.current(controller.signal);
      if (!controller.signal.aborted) setState({ key, value, error: null, loading: false });
    } catch (error) {
      if (!controller.signal.aborted) setState((old) => ({ ...old, error, loading: false }));
    }
  }, [key]);

  useEffect(() => {
    void reload();
    return () => current.current?.abort();
  }, [reload]);

  const replace = useCallback((change: (value: T) => T) => {
    setState((old) => (old.value === null ? old : { ...old, value: change(old.value) }));
  }, []);

  const fresh = state.key === key;
  return {
    value: fresh ? state.value : null,
    error: fresh ? state.error : null,
    loading: !fresh || state.loading,
    reload,
    replace,
  };
}
