/** The monotonic clock, in ms: the same one in every process of the machine. */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The point of the monotonic clock at which a wait of `timeout` ms ends; `Infinity` for none. */
export function deadlineAfter(timeout: number): number {
  return timeout === Infinity ? Infinity : monotonicNow() + timeout;
}
