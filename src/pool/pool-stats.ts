import { createHistogram } from 'node:perf_hooks';
import type { Histogram, RecordableHistogram } from 'node:perf_hooks';

/** What a worker does. */
export interface WorkerStats {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: 'starting' | 'idle' | 'busy';
}

/** What a pool does, and has done. */
export interface PoolStats {
  readonly workers: readonly WorkerStats[];
  /** Tasks that no worker has taken yet. A chunk of a map is one. */
  readonly queued: number;
  /** Tasks that workers have in hand. */
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  /** How long tasks took in their workers, in microseconds. */
  readonly runTime: Histogram;
  /** How long they had waited for one, in microseconds. */
  readonly waitTime: Histogram;
}

/** Counts what has ended. */
export class TaskCounts {
  readonly runTime: RecordableHistogram = createHistogram();
  readonly waitTime: RecordableHistogram = createHistogram();
  completed = 0;
  failed = 0;

  ended(failed: boolean, waitedUs: number, tookUs: number): void {
    if (failed) this.failed += 1;
    else this.completed += 1;
    // A histogram begins at 1.
    this.runTime.record(Math.max(1, Math.round(tookUs)));
    this.waitTime.record(Math.max(1, Math.round(waitedUs)));
  }
}
