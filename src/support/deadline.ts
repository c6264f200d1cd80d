let origin = 0;

/** Told by the native layer, once, what the clock of the machine says: elsewhere than in Node `hrtime` begins with the process. */
export function setMonotonicNow(now: number): void {
  origin = now - ownClock();
}

/** The monotonic clock, in ms: the same one in every process of the machine. */
export function monotonicNow(): number {
  return origin + ownClock();
}

function ownClock(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The point of the monotonic clock at which a wait of `timeout` ms ends; `Infinity` for none. */
export function deadlineAfter(timeout: number): number {
  return timeout === Infinity ? Infinity : monotonicNow() + timeout;
}

/** How long it is until a deadline, in ms; 0 when it has passed. */
export function leftUntil(deadline: number): number {
  return deadline === Infinity ? Infinity : Math.max(0, deadline - monotonicNow());
}
