import { StateError } from '../support/errors.ts';
import { checkOptions } from '../support/options.ts';
import { ownState } from './own-state.ts';
import { checkStartMethod, DEFAULT_START_METHOD, START_METHODS, type StartMethod } from './start-method.ts';

/** Options of `setStartMethod()`. */
export interface StartMethodOptions {
  /** Whether to set it though it is settled already. Default: false. */
  readonly force?: boolean | undefined;
}

/**
 * Says how `Process` and `Pool` start processes: `'spawn'` (the default), `'prewarm'` (processes that were started ahead, and
 * wait), or `'threads'` (worker threads of this process). To be called once, at the beginning of a program. A child starts its
 * own children the way that it was started itself.
 * Python: `multiprocessing.set_start_method`; `null` with `force` unsettles it there and here.
 *
 * @throws TypeError for an unknown method; StateError when it is settled: it was set before, or asked for, or used.
 * @example
 * setStartMethod('threads');
 */
export function setStartMethod(method: StartMethod | null, options?: StartMethodOptions): void {
  checkOptions(options, ['force'], 'setStartMethod()');
  const { force = false } = options ?? {};
  if (typeof force !== 'boolean') throw new TypeError('setStartMethod(): force must be true or false.');
  if (method !== null || !force) checkStartMethod(method, 'setStartMethod()');
  const state = ownState();
  if (state.startMethod !== undefined && !force) {
    throw new StateError(
      `setStartMethod('${method}'): the start method of this program is '${state.startMethod}' already: it was set before, ` +
        'asked for, or used. Set it once, before anything else is done; getContext() has the API for another method, ' +
        'and { force: true } sets it all the same.',
    );
  }
  state.startMethod = method ?? undefined;
}

/** How `Process` and `Pool` start processes; to ask settles it. */
export function getStartMethod(): StartMethod {
  return (ownState().startMethod ??= DEFAULT_START_METHOD);
}

/** All start methods, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return [...START_METHODS];
}
