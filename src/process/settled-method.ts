import { isMainThread } from 'node:worker_threads';

import { StateError } from '../support/errors.ts';
import { checkOptions } from '../support/options.ts';
import { ownState } from './own-state.ts';
import { endSpares, keepSpares } from './spares.ts';
import { checkStartMethod, DEFAULT_START_METHOD, START_METHODS, type StartMethod } from './start-method.ts';

/** Options of `setStartMethod()`. */
export interface StartMethodOptions {
  /** Whether to set it though it is settled already. Default: false. */
  readonly force?: boolean | undefined;
  /**
   * For 'prewarm': how many processes wait, each with the memory of a Node process. Default: one for each processor, 4 at the
   * most, and in a child 1, once that has started a process. 0: none, so that each is started anew.
   */
  readonly spares?: number | undefined;
}

/**
 * Says how `Process` and `Pool` start processes: `'spawn'` (the default), `'prewarm'` (processes that were started ahead, and
 * wait), or `'threads'` (worker threads of this process). To be called once, at the beginning of a program. A child starts its
 * own children the way that it was started itself.
 * Python: `multiprocessing.set_start_method`; `null` with `force` unsettles it there and here.
 *
 * @throws TypeError for an unknown method; RangeError for a number of spares that is none; StateError when it is settled: it was
 * set before, or asked for, or used; ResourceError when the system refuses the spares.
 * @example
 * setStartMethod('threads');
 */
export function setStartMethod(method: StartMethod | null, options?: StartMethodOptions): void {
  checkOptions(options, ['force', 'spares'], 'setStartMethod()');
  const { force = false, spares } = options ?? {};
  if (typeof force !== 'boolean') throw new TypeError('setStartMethod(): force must be true or false.');
  if (method !== null || !force) checkStartMethod(method, 'setStartMethod()');
  checkSpares(spares, method);
  const state = ownState();
  if (state.startMethod !== undefined && !force) {
    throw new StateError(
      `setStartMethod('${method}'): the start method of this program is '${state.startMethod}' already: it was set before, ` +
        'asked for, or used. Set it once, before anything else is done; getContext() has the API for another method, ' +
        'and { force: true } sets it all the same.',
    );
  }
  state.startMethod = method ?? undefined;
  if (!isMainThread) return;
  if (method === 'prewarm') keepSpares(spares);
  else endSpares();
}

function checkSpares(spares: number | undefined, method: StartMethod | null): void {
  if (spares === undefined) return;
  if (!Number.isSafeInteger(spares) || spares < 0) {
    throw new RangeError(`setStartMethod(): spares must be a whole number of processes >= 0, not ${spares}.`);
  }
  if (method !== 'prewarm') throw new TypeError("setStartMethod(): spares is an option of 'prewarm' only.");
}

/** How `Process` and `Pool` start processes; to ask settles it. */
export function getStartMethod(): StartMethod {
  return (ownState().startMethod ??= DEFAULT_START_METHOD);
}

/** All start methods, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return [...START_METHODS];
}
