const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Ends with the promise, or when the time (ms) is over; rejects with the reason of the signal. */
export function within(promise: Promise<void>, timeout: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = timeout > LONGEST_TIMER_MS ? undefined : setTimeout(finish, timeout);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }
    signal?.addEventListener('abort', onAbort);
    void promise.then(finish);
  });
}
