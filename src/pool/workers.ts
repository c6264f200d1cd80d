import { PROCESS_CLASSES } from '../process/bound-process.ts';
import type { Process } from '../process/process.ts';
import { getStartMethod } from '../process/settled-method.ts';
import type { StartMethod } from '../process/start-method.ts';
import { StateError } from '../support/errors.ts';
import type { PoolChannel } from './pool-channel.ts';
import { runWorker } from './worker.ts';

/** A worker of a pool. */
export interface PoolWorker {
  readonly process: Process<never>;
  /** Which of the pool's hands is its own. */
  readonly hand: number;
  /** Whether it has run its initializer. */
  isReady: boolean;
  hasEnded: boolean;
  /** The task that it has been killed for, unless it was dead already. */
  stoppedFor: number | undefined;
}

export interface WorkersSettings {
  readonly name: string;
  readonly processes: number;
  readonly initializer: number | undefined;
  readonly maxTasks: number;
  /** undefined: as `setStartMethod()` says. */
  readonly startMethod: StartMethod | undefined;
}

/** The worker processes of a pool: started, replaced and ended here. */
export class Workers {
  readonly #channel: PoolChannel;
  readonly #settings: WorkersSettings;
  readonly #onEnd: (worker: PoolWorker) => void;
  /** One class for all, whatever becomes of the start method meanwhile. */
  readonly #Process: typeof Process;
  readonly #all: (PoolWorker | undefined)[] = [];
  #started = 0;
  #living = 0;

  /** @param onEnd called once for each worker that has ended, whatever the reason */
  constructor(channel: PoolChannel, settings: WorkersSettings, onEnd: (worker: PoolWorker) => void) {
    this.#channel = channel;
    this.#settings = settings;
    this.#Process = PROCESS_CLASSES[settings.startMethod ?? getStartMethod()];
    this.#onEnd = onEnd;
  }

  get living(): PoolWorker[] {
    return this.#all.filter((worker) => worker !== undefined);
  }

  at(hand: number): PoolWorker | undefined {
    return this.#all[hand];
  }

  /**
   * Starts workers until there are so many, or all.
   * @throws ResourceError when the system refuses
   */
  startUpTo(count: number): void {
    const wanted = Math.min(count, this.#settings.processes);
    for (let hand = 0; this.#living < wanted; hand++) if (this.#all[hand] === undefined) this.#start(hand);
  }

  #start(hand: number): void {
    const { name, initializer, maxTasks } = this.#settings;
    const child = new this.#Process({
      target: runWorker,
      args: [this.#channel, { hand, initializer, maxTasks }],
      name: `${name}-${++this.#started}`,
      daemon: true,
    }).start();
    const worker: PoolWorker = {
      process: child as Process<never>,
      hand,
      isReady: false,
      hasEnded: false,
      stoppedFor: undefined,
    };
    this.#all[hand] = worker;
    this.#living += 1;
    void child.exited.then(() => this.#noticeEnd(worker));
  }

  /** Looks for ends that the event loop has not told of yet: it may not turn. */
  noticeEnds(): void {
    for (const worker of this.living) if (worker.process.exitCode !== null) this.#noticeEnd(worker);
  }

  /** Whether somebody has this task in hand, as far as it is known who lives. */
  hasHolder(number: number): boolean {
    return this.living.some(({ hand, stoppedFor }) => (stoppedFor ?? this.#channel.inHand(hand)) === number);
  }

  /** Kills who has this task in hand, and nobody who is done with it. */
  stop(number: number): void {
    for (const worker of this.living) {
      if (!this.#channel.stopHand(worker.hand, number)) continue;
      worker.stoppedFor = number;
      this.#kill(worker);
    }
  }

  terminate(): void {
    for (const { process: child } of this.living) if (child.isAlive()) child.terminate();
  }

  #kill(worker: PoolWorker): void {
    if (worker.process.isAlive()) worker.process.kill();
  }

  killAll(): void {
    for (const worker of this.living) this.#kill(worker);
  }

  #noticeEnd(worker: PoolWorker): void {
    if (worker.hasEnded) return;
    worker.hasEnded = true;
    if (this.#all[worker.hand] !== worker) throw new StateError('Two workers have one hand');
    this.#all[worker.hand] = undefined;
    this.#living -= 1;
    this.#onEnd(worker);
  }
}
