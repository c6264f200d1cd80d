import { constants } from 'node:os';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { familyArena } from '../memory/arena.ts';
import { collectReferences } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { findAddon } from '../native/load.ts';
import { monotonicNow } from '../support/deadline.ts';
import { StateError } from '../support/errors.ts';
import { OWN_VARIABLES } from './child-environment.ts';
import { CHILD_PROGRAM } from './child-program.ts';
import { addThreadEnd, armProcessEnd, removeThreadEnd } from './process-end.ts';
import { bootRecord, type Started, type StartOrder } from './start-order.ts';
import { closeStdioStreams, openStdioStreams } from './stdio-streams.ts';
import { listenToEnds, WatchedProcess, type ThreadControl } from './watched-process.ts';

/**
 * Starts a worker thread that is a process in everything but its pid: the same program runs the same record, on a place of its
 * own in shared memory. Its end is published by the thread itself, so that it needs no event loop but its own.
 *
 * @throws SerializationError when the values cannot travel; StateError for what threads cannot have of their own;
 * ResourceError when the system refuses.
 */
export function startThread(order: StartOrder): Started {
  if (order.cwd !== undefined) {
    throw new StateError(
      `start() of process '${order.name}': a thread has no working directory of its own. ` +
        "Leave out cwd, or start it by 'spawn' (getContext('spawn').Process).",
    );
  }
  const { result: record, blocks } = collectReferences(() => bootRecord(order, 'threads'));
  const arena = familyArena();
  listenToEnds();
  const native = attempt(`start thread '${order.name}'`, () =>
    binding.prepareThread({
      stdio: order.stdio,
      daemon: order.daemon,
      arena: arena.index,
      name: order.name,
      record,
      // The thread finds what its arguments refer to, even if this one gives it up at once.
      held: blocks.filter((block) => block.arena === arena).map(({ place, stamp }) => [place, stamp] as const),
    }),
  );
  const streams = openStdioStreams(native.pipes);
  const before = new Set(binding.systemThreads());
  let worker: Worker;
  try {
    worker = startWorker(order, native.id);
  } catch (error) {
    binding.endThread(native.id, 1);
    closeStdioStreams(streams);
    throw error;
  }
  const begun = binding.systemThreads().filter((thread) => !before.has(thread));
  const control = new WorkerControl(worker, native.id, before.size === 0 ? undefined : begun);
  const child = new WatchedProcess(native, !order.daemon, control);
  const end = (): void => control.endWithProgram(order.daemon);
  addThreadEnd(end);
  void child.ended.then(() => removeThreadEnd(end));
  armProcessEnd();
  return { child, streams };
}

// How long a thread may go on importing after it was told to stop.
const GRACE_MS = 2000;

/**
 * Ends a thread. One that is cut off while it imports modules leaves the files open that Node reads for that, for as long as
 * the process lives: so it may finish that first, but not for ever.
 */
class WorkerControl implements ThreadControl {
  readonly #worker: Worker;
  readonly #id: number;
  readonly #threads: readonly number[] | undefined;
  #graceEnds = Infinity;

  /** @param threads - those of the system that it may be: all that began when it did; undefined: not known */
  constructor(worker: Worker, id: number, threads: readonly number[] | undefined) {
    this.#worker = worker;
    this.#id = id;
    this.#threads = threads;
  }

  stop(signal: number): boolean {
    const place = binding.stopThread(this.#id, signal);
    if (place === 'ended') return false;
    if (place !== 'unsettled') this.#cutOff();
    // Nobody can be told of the end of a thread that never began but by us.
    if (place === 'absent') binding.endThread(this.#id, 1);
    if (place === 'unsettled' && this.#graceEnds === Infinity) {
      this.#graceEnds = monotonicNow() + GRACE_MS;
      setTimeout(() => this.insist(), GRACE_MS).unref();
    }
    return true;
  }

  insist(): void {
    if (monotonicNow() >= this.#graceEnds) this.#cutOff();
    // It may have ended before it could load the addon, by what is preloaded there.
    const isThere = this.#threads?.some((thread) => binding.isSystemThread(thread)) ?? true;
    if (!isThere) binding.endThread(this.#id, 1);
  }

  endWithProgram(isDaemon: boolean): void {
    if (isDaemon) this.stop(constants.signals.SIGTERM);
    if (isDaemon || this.#graceEnds < Infinity) this.#cutOff();
    else this.insist();
  }

  #cutOff(): void {
    void this.#worker.terminate();
  }
}

function startWorker(order: StartOrder, id: number): Worker {
  const worker = new Worker(CHILD_PROGRAM, {
    name: order.name,
    env: environmentOf(order, id),
    ...(order.execArgv !== undefined && { execArgv: [...order.execArgv] }),
  });
  // What becomes of it is told by the thread itself: these are for one that could not even begin, or was cut off.
  worker.on('error', (error) => process.stderr.write(`Process ${order.name}:\n${inspect(error)}\n`));
  worker.on('exit', (exitCode) => binding.endThread(id, exitCode));
  worker.unref();
  return worker;
}

function environmentOf(order: StartOrder, id: number): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = { ...process.env, ...order.env };
  for (const name of OWN_VARIABLES) delete variables[name];
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete variables[name];
  // As for a process: see child.cts.
  return { ...variables, FORKLESS_CHILD: `thread.${id}:${findAddon()}` };
}
