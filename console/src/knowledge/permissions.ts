import { currentWorkspace, session } from '../api/session.ts';
import { useObservable } from '../store/observable.ts';

/** Readers look; editors and owners also change. */
export function useMayEdit(): boolean {
  const role = currentWorkspace(useObservable(session))?.role;
  return role === 'owner' || role === 'editor';
}
