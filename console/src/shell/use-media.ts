import { useSyncExternalStore } from 'react';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}

/** Narrow windows get drawers in place of side bars. */
export const useIsPhone = (): boolean => useMedia('(max-width: 767px)');
/** From here on a passage fits beside the conversation. */
export const useIsWide = (): boolean => useMedia('(min-width: 1180px)');
export const useReducedMotion = (): boolean => useMedia('(prefers-reduced-motion: reduce)');
/** Fingers drop no files and choose no folders. */
export const useIsTouch = (): boolean => useMedia('(hover: none)');
