import type { Blocker } from '../pool/async-result.ts';
import { CancelledError, InvalidStateError, TimeoutError } from '../support/errors.ts';
import { guarded } from '../support/guarded.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { within } from '../support/within.ts';
import { blockUntil } from './blocking.ts';

/** How an executor has a hand in a future that it has not settled yet. */
export interface FutureDriver {
  /** Whether the call has begun. */
  hasBegun(): boolean;
  /** Takes the call back: true when it is certain that it will never begin. */
  withdraw(): boolean;
  /** Blocks the thread, working for the executor meanwhile. */
  readonly block: Blocker;
}

/** What a future is, as its user sees it. */
export type FutureState = 'pending' | 'running' | 'cancelled' | 'finished';

/*
 *     pending --setRunningOrNotifyCancel--> running
 *        |                                     |
 *        +----------setResult------------------+--> returned
 *        +----------setException---------------+--> raised
 *        \--cancel--> cancelled --setRunningOrNotifyCancel--> noticed
 *
 * `cancelled` is what its executor has not noticed yet: `wait` and `asCompleted` go on waiting for that, as Python's do. A
 * driver notices at once.
 */
type State = 'pending' | 'running' | 'cancelled' | 'noticed' | 'returned' | 'raised';

const SEEN_AS: Readonly<Record<State, FutureState>> = {
  pending: 'pending',
  running: 'running',
  cancelled: 'cancelled',
  noticed: 'cancelled',
  returned: 'finished',
  raised: 'finished',
};

interface Settler<R> {
  resolve(value: R): void;
  reject(error: unknown): void;
}

/** Whether a future has ended as `wait` and `asCompleted` see it. */
export let hasEnded: (future: Future<unknown>) => boolean;
/** Whether what a future stands for has thrown. */
export let hasRaised: (future: Future<unknown>) => boolean;
/** Calls a function when a future that has not ended ends. Returns what calls that off. */
export let watch: (future: Future<unknown>, onEnd: () => void) => () => void;
/** What can be done about a future while the thread is blocked. */
export let blockerOf: (future: Future<unknown>) => Blocker | undefined;

/**
 * A call that an executor does some time. Awaiting it gives the result. When nobody asks, an error is nobody's.
 *
 * Python: `concurrent.futures.Future`; what waits comes as a promise and, with `Sync`, as a blocking call. A future that was
 * made with `new` and has not ended cannot be waited for by a blocking call: nobody could settle it meanwhile.
 *
 * @example
 * const future = executor.submit(digest, bytes);
 * future.addDoneCallback(() => console.log('done'));
 * console.log(await future);
 */
export class Future<R> implements PromiseLike<R> {
  readonly #driver: FutureDriver | undefined;
  #state: State = 'pending';
  #value: unknown;
  #callbacks: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();
  #promise: Promise<R> | undefined;
  #settler: Settler<R> | undefined;

  /** @param driver how the executor that settles it has a hand in it; without one, it is settled by whoever made it */
  constructor(driver?: FutureDriver) {
    this.#driver = driver;
  }

  // ---- state ----

  /** What it is now. */
  get state(): FutureState {
    const begun = this.#state === 'pending' && this.#driver?.hasBegun() === true;
    return begun ? 'running' : SEEN_AS[this.#state];
  }

  /** Whether the call was cancelled before it had begun. */
  cancelled(): boolean {
    return this.state === 'cancelled';
  }

  /** Whether the call has begun and not ended. */
  running(): boolean {
    return this.state === 'running';
  }

  /** Whether the call has ended, or was cancelled. */
  done(): boolean {
    return this.#state !== 'pending' && this.#state !== 'running';
  }

  /** Cancels the call unless it has begun: true when it is certain that it never will. */
  cancel(): boolean {
    if (this.cancelled()) return true;
    if (this.#state !== 'pending') return false;
    if (this.#driver === undefined) return this.#end('cancelled', undefined);
    // An executor that ends at this moment may settle it itself.
    return this.#driver.withdraw() && (this.done() ? this.cancelled() : this.#end('noticed', undefined));
  }

  // ---- what comes of it ----

  /**
   * The result.
   * @throws what the call has thrown; CancelledError; TimeoutError when `timeout` (ms) was over first: the call goes on; the
   * reason of `signal`.
   */
  async result(options?: AsyncWaitOptions): Promise<R> {
    await this.#wait(options, 'result()');
    return this.#get();
  }

  /**
   * `result` that blocks the thread.
   * @throws as `result`; StateError when only this thread could settle the future.
   */
  resultSync(options?: WaitOptions): R {
    this.#waitSync(options, 'resultSync()');
    return this.#get();
  }

  /**
   * What the call has thrown; undefined when it has given a result.
   * @throws CancelledError; TimeoutError when `timeout` (ms) was over first; the reason of `signal`.
   */
  async exception(options?: AsyncWaitOptions): Promise<unknown> {
    await this.#wait(options, 'exception()');
    return this.#exception();
  }

  /** `exception` that blocks the thread. */
  exceptionSync(options?: WaitOptions): unknown {
    this.#waitSync(options, 'exceptionSync()');
    return this.#exception();
  }

  /**
   * Has a function called with this future when it has ended or is cancelled: at once, if that is so already. What it throws is an
   * error that nobody has caught.
   * Python: such an error is logged.
   */
  addDoneCallback(callback: (future: this) => void): void {
    if (typeof callback !== 'function') {
      throw new TypeError(`Future.addDoneCallback(): expected a function, not ${typeof callback}`);
    }
    const call = (): void => guarded(callback)(this);
    if (this.done()) call();
    else this.#callbacks.push(call);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- `await executor.submit(…)` is what it is for.
  then<A = R, B = never>(
    onValue?: ((value: R) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onValue, onError);
  }

  // ---- for executors ----

  /**
   * To be called before the call begins: true when it is to begin; false when it was cancelled.
   * @throws InvalidStateError when it has begun or ended.
   */
  setRunningOrNotifyCancel(): boolean {
    if (this.#state === 'pending') {
      this.#state = 'running';
      return true;
    }
    if (this.#state !== 'cancelled') throw this.#invalid('setRunningOrNotifyCancel()');
    this.#state = 'noticed';
    this.#tellWatchers();
    return false;
  }

  /** @throws InvalidStateError when it has ended or is cancelled. */
  setResult(value: R): void {
    if (this.done()) throw this.#invalid('setResult()');
    this.#end('returned', value);
  }

  /** @throws InvalidStateError when it has ended or is cancelled. */
  setException(error: unknown): void {
    if (this.done()) throw this.#invalid('setException()');
    this.#end('raised', error);
  }

  #end(state: State, value: unknown): true {
    this.#state = state;
    this.#value = value;
    if (state === 'returned') this.#settler?.resolve(value as R);
    else this.#settler?.reject(this.#error());
    this.#settler = undefined;
    if (state !== 'cancelled') this.#tellWatchers();
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const call of callbacks) call();
    return true;
  }

  #tellWatchers(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const tell of watchers) tell();
  }

  // ---- waiting ----

  async #wait(options: AsyncWaitOptions | undefined, call: string): Promise<void> {
    checkWait(options, `Future.${call}`);
    const { timeout = Infinity, signal } = options ?? {};
    signal?.throwIfAborted();
    if (this.done()) return;
    if (timeout > 0) await within(this.#settled(), timeout, signal);
    if (!this.done()) throw this.#tooLate(call, timeout);
  }

  #waitSync(options: WaitOptions | undefined, call: string): void {
    checkWait(options, `Future.${call}`, SYNC_WAIT_KEYS);
    if (this.done()) return;
    const { timeout = Infinity } = options ?? {};
    const blockers = (): readonly (Blocker | undefined)[] => [this.#driver?.block];
    if (!blockUntil(() => this.done(), blockers, timeout, `Future.${call}`)) throw this.#tooLate(call, timeout);
  }

  /** Fulfilled when it has ended, in whatever way. */
  async #settled(): Promise<void> {
    try {
      await this.#asPromise();
    } catch {
      // Whoever asks for the result is told.
    }
  }

  #asPromise(): Promise<R> {
    return (this.#promise ??= new Promise<R>((resolve, reject) => {
      if (!this.done()) this.#settler = { resolve, reject };
      else if (this.#state === 'returned') resolve(this.#value as R);
      else reject(this.#error() as Error);
    }));
  }

  #get(): R {
    if (this.#state !== 'returned') throw this.#error();
    return this.#value as R;
  }

  #exception(): unknown {
    if (this.cancelled()) throw this.#error();
    return this.#state === 'raised' ? this.#value : undefined;
  }

  #error(): unknown {
    return this.#state === 'raised' ? this.#value : new CancelledError('The future was cancelled');
  }

  #tooLate(call: string, timeout: number): TimeoutError {
    return new TimeoutError(`Future.${call}: not done within ${timeout} ms; the call goes on`);
  }

  #invalid(call: string): InvalidStateError {
    return new InvalidStateError(`Future.${call}: it is ${this.state} already: ${this.#describe()}`);
  }

  #describe(): string {
    if (this.#state === 'returned') return `Future { finished, returned ${nameOf(this.#value)} }`;
    return this.#state === 'raised' ? `Future { finished, raised ${nameOf(this.#value)} }` : `Future { ${this.state} }`;
  }

  static {
    hasEnded = (future) => future.done() && future.#state !== 'cancelled';
    hasRaised = (future) => future.#state === 'raised';
    blockerOf = (future) => future.#driver?.block;
    watch = (future, onEnd) => {
      future.#watchers.add(onEnd);
      return () => future.#watchers.delete(onEnd);
    };
    printAs(this, (future) => future.#describe());
  }
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return (value.constructor as { readonly name: string } | undefined)?.name ?? 'object';
}
