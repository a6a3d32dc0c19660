import { Skeleton } from 'antd';
import type { Loaded } from '../store/use-load.ts';
import { ErrorNotice } from './error-notice.tsx';

/** What stands above something that is being loaded, or that could not be. */
export function Loading({ of }: { of: Pick<Loaded<unknown>, 'value' | 'error' | 'loading' | 'reload'> }) {
  return (
    <>
      {of.error !== null && <ErrorNotice error={of.error} onRetry={() => void of.reload()} />}
      {of.loading && of.value === null && <Skeleton active />}
    </>
  );
}
