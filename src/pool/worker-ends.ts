import { BrokenPoolError, WorkerDiedError } from '../support/errors.ts';
import type { Task } from './task.ts';
import type { PoolWorker } from './workers.ts';

/** Workers that end before they are ready, one after the other, until the pool is broken. */
const FAILED_STARTS_MOST = 3;
/** The same of those that somebody else has ended: who kills at random will miss one, who lacks the memory will not. */
const KILLED_STARTS_MOST = 10;
/** SIGHUP, SIGINT, SIGKILL, SIGTERM. */
const SENT_BY_OTHERS: ReadonlySet<number> = new Set([1, 2, 9, 15]);
/** Workers that die without a task, one after the other, until there is a pause before the next is started. */
const IDLE_DEATHS_MOST = 5;
const PAUSE_FIRST_MS = 100;
const PAUSE_MOST_MS = 10_000;

/** How workers have ended lately, and so whether and how soon another one is started. */
export class WorkerEnds {
  readonly #hasInitializer: boolean;
  #failedStarts = 0;
  #killedStarts = 0;
  #idleDeaths = 0;

  /** @param hasInitializer whether a worker runs what is not ours before it is ready: that may have killed it */
  constructor(hasInitializer: boolean) {
    this.#hasInitializer = hasInitializer;
  }

  /** A worker is ready. */
  started(): void {
    this.#failedStarts = 0;
    this.#killedStarts = 0;
  }

  /** A worker has done a task. */
  worked(): void {
    this.#idleDeaths = 0;
  }

  /**
   * In how many ms the next worker is to be started: what ends those that do nothing would end the next ones, too.
   * @throws BrokenPoolError when workers cannot start.
   */
  pauseAfter(worker: PoolWorker, hadTask: boolean): number {
    const { isReady, process: child } = worker;
    const wasKilled = !isReady && !this.#hasInitializer && SENT_BY_OTHERS.has(-(child.exitCode ?? 0));
    if (!isReady) this.#countStart(worker, wasKilled);
    const diedIdle = (isReady || wasKilled) && !hadTask && child.exitCode !== 0;
    if (diedIdle) this.#idleDeaths += 1;
    if (!diedIdle || this.#idleDeaths < IDLE_DEATHS_MOST) return 0;
    return Math.min(PAUSE_FIRST_MS * 2 ** (this.#idleDeaths - IDLE_DEATHS_MOST), PAUSE_MOST_MS);
  }

  #countStart(worker: PoolWorker, wasKilled: boolean): void {
    const most = wasKilled ? KILLED_STARTS_MOST : FAILED_STARTS_MOST;
    if ((wasKilled ? ++this.#killedStarts : ++this.#failedStarts) < most) return;
    throw new BrokenPoolError(
      `${most} workers of the pool have ended one after the other before their first task, the last with ` +
        `${endOf(worker)}: see what they have written to stderr`,
    );
  }
}

/** What a task is rejected with when its worker has died. */
export function diedOf(task: Task, worker: PoolWorker): WorkerDiedError {
  const { pid, exitCode, name } = worker.process;
  const often = task.deaths > 1 ? `, as ${task.deaths - 1} before it` : '';
  const message = `${name} (pid ${pid}) ended with ${endOf(worker)} while it ran '${task.fn.name}'${often}`;
  return new WorkerDiedError(message, { pid, exitCode, task: task.fn.name });
}

function endOf({ process: { exitCode } }: PoolWorker): string {
  return exitCode !== null && exitCode < 0 ? `signal ${-exitCode}` : `exit code ${exitCode}`;
}
