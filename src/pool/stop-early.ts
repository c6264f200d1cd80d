import { LONGEST_TIMER_MS } from '../support/within.ts';

/**
 * Has something cancelled when the time is over or the signal is aborted.
 * @returns what calls that off, to be called when it has ended
 */
export function stopEarly(
  timeout: number | undefined,
  signal: AbortSignal | undefined,
  tooLate: () => Error,
  cancel: (reason: unknown) => void,
): () => void {
  const hasTimer = timeout !== undefined && timeout <= LONGEST_TIMER_MS;
  const timer = hasTimer ? setTimeout(() => cancel(tooLate()), timeout) : undefined;
  const onAbort = (): void => cancel(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}
