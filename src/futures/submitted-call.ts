import type { Blocker } from '../pool/async-result.ts';
import type { Scheduler } from '../pool/scheduler.ts';
import type { Task, TaskEnd } from '../pool/task.ts';
import { CancelledError } from '../support/errors.ts';
import { Future } from './future.ts';
import type { FutureDriver } from './future.ts';

/** Between a task of a pool and the future that its submitter has. */
export class SubmittedCall<R> implements FutureDriver, TaskEnd {
  readonly future: Future<R> = new Future<R>(this);
  /** Until it is submitted, nobody has the future. */
  task: Task | undefined;
  readonly #scheduler: Scheduler;
  readonly #onEnd: (call: SubmittedCall<unknown>) => void;
  #isWithdrawing = false;

  /** @param onEnd called once, when the future has ended or is about to be cancelled */
  constructor(scheduler: Scheduler, onEnd: (call: SubmittedCall<unknown>) => void) {
    this.#scheduler = scheduler;
    this.#onEnd = onEnd;
  }

  // ---- for the future ----

  get block(): Blocker {
    return this.#scheduler.block;
  }

  hasBegun(): boolean {
    return this.task !== undefined && this.#scheduler.hasBegun(this.task);
  }

  withdraw(): boolean {
    if (this.task === undefined) return false;
    this.#isWithdrawing = true;
    const isCertain = this.#scheduler.withdraw(this.task, new CancelledError('The future was cancelled'));
    this.#isWithdrawing = false;
    return isCertain;
  }

  // ---- for the task ----

  done(value: unknown): void {
    this.#onEnd(this);
    // Its user may have settled it himself.
    if (!this.future.done()) this.future.setResult(value as R);
  }

  failed(error: unknown): void {
    this.#onEnd(this);
    // A future that cancels itself says so itself.
    if (!this.#isWithdrawing && !this.future.done()) this.future.setException(error);
  }
}
