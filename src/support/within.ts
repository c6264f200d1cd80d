/** The longest that a timer of Node can be set to; what is longer is for ever. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** True when `end` settles before the time (ms) is over; rejects with the reason of the signal. */
export function within(end: Promise<unknown>, timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = timeout > LONGEST_TIMER_MS ? undefined : setTimeout(() => finish(false), timeout);
    const onAbort = (): void => {
      stop();
      reject(signal?.reason as Error);
    };
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const finish = (hasEnded: boolean): void => {
      stop();
      resolve(hasEnded);
    };
    signal?.addEventListener('abort', onAbort);
    void end.then(() => finish(true));
  });
}
