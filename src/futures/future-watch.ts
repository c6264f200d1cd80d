import type { Blocker } from '../pool/async-result.ts';
import { blockerOf, Future, hasEnded, hasRaised, watch } from './future.ts';

/** Futures that are waited for: what has ended of them, and what has not. */
export class FutureWatch<F extends Future<unknown>> {
  /** In the order in which they have ended; whoever watches may take them out. */
  readonly ended: F[] = [];
  /** Those that have not, and what calls off that they tell of their end. */
  readonly #left = new Map<F, () => void>();
  #hasRaised = false;
  #change: { readonly promise: Promise<void>; readonly tell: () => void } | undefined;

  /** @throws TypeError when there is something else among them. */
  constructor(futures: Iterable<F>, where: string) {
    const all = new Set(checkedFutures(futures, where));
    for (const future of all) {
      if (hasEnded(future)) this.#add(future);
      else
        this.#left.set(
          future,
          watch(future, () => this.#onEnd(future)),
        );
    }
  }

  get left(): number {
    return this.#left.size;
  }

  /** Those that have not ended. */
  get notEnded(): Iterable<F> {
    return this.#left.keys();
  }

  /** Whether one of those that have ended has thrown. */
  get hasRaised(): boolean {
    return this.#hasRaised;
  }

  /** Fulfilled when the next of them ends. */
  changed(): Promise<void> {
    if (this.#change === undefined) {
      let tell = (): void => {};
      const promise = new Promise<void>((resolve) => (tell = resolve));
      this.#change = { promise, tell };
    }
    return this.#change.promise;
  }

  /** For who blocks the thread. */
  readonly blockers = (): (Blocker | undefined)[] => Array.from(this.#left.keys(), blockerOf);

  /** It hears of no more ends. */
  stop(): void {
    for (const callOff of this.#left.values()) callOff();
  }

  #onEnd(future: F): void {
    this.#left.delete(future);
    this.#add(future);
    this.#change?.tell();
    this.#change = undefined;
  }

  #add(future: F): void {
    this.ended.push(future);
    this.#hasRaised ||= hasRaised(future);
  }
}

function checkedFutures<F>(futures: Iterable<F>, where: string): F[] {
  if (futures === null || futures === undefined || !(Symbol.iterator in Object(futures))) {
    throw new TypeError(`${where}: the futures must be iterable, such as an array`);
  }
  const all = Array.from(futures);
  for (const future of all) {
    if (!(future instanceof Future)) throw new TypeError(`${where}: expected futures, not ${typeof future}`);
  }
  return all;
}
