import { useState } from 'react';

export interface Submission {
  busy: boolean;
  error: unknown;
  /** Does nothing while the one before is under way. */
  submit: () => Promise<void>;
}

/** One sending at a time, and why the last one failed. */
export function useSubmission(send: () => Promise<void>): Submission {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await send();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, submit };
}
