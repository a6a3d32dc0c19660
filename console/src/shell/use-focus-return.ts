import { useEffect, useState } from 'react';

/** Of a dialog that opens another one when it closes: what had the focus before both. */
let last: HTMLElement | null = null;

/** A dialog that leaves gives the focus back to what opened it: the library does so only for one that stays. */
export function useFocusReturn(): void {
  const [opener] = useState(findOpener);
  useEffect(
    () => () => {
      if (opener?.isConnected) last = opener;
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (isLost) last?.focus({ preventScroll: true });
    },
    [opener],
  );
}

/** The entry of a menu goes with its menu, so the button of the menu stands for it. */
function findOpener(): HTMLElement | null {
  return document.querySelector<HTMLElement>('.ant-dropdown-open') ?? (document.activeElement as HTMLElement);
}
