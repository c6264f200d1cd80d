import * as api from './api.ts';
import { POOL_CLASSES } from './pool/bound-pool.ts';
import type { Pool } from './pool/pool.ts';
import { PROCESS_CLASSES } from './process/bound-process.ts';
import type { Process } from './process/process.ts';
import { getAllStartMethods, getStartMethod } from './process/settled-method.ts';
import type { StartMethodOptions } from './process/settled-method.ts';
import { checkStartMethod } from './process/start-method.ts';
import type { StartMethod } from './process/start-method.ts';
import { registerShareable } from './reduction/shareable.ts';
import { StateError } from './support/errors.ts';
import { printAs } from './support/inspect.ts';

type Api = typeof api;

/** The whole API, with a `Process` and a `Pool` that start processes by one method. */
export interface Context extends Api {
  readonly Process: typeof Process;
  readonly Pool: typeof Pool;
  readonly getContext: typeof getContext;
  readonly getAllStartMethods: typeof getAllStartMethods;
  /** Its own method. */
  getStartMethod(): StartMethod;
  /** @throws StateError: the method of a context does not change. */
  setStartMethod(method: StartMethod | null, options?: StartMethodOptions): void;
}

/** A context of `getContext(method)`. It travels as its method. */
class BoundContext {
  readonly #method: StartMethod;

  constructor(method: StartMethod) {
    this.#method = method;
    const bound: Omit<Context, keyof Api> = {
      Process: PROCESS_CLASSES[method],
      Pool: POOL_CLASSES[method],
      getAllStartMethods,
      getContext: (other) => getContext(other ?? method),
      getStartMethod: () => method,
      setStartMethod: () => {
        throw new StateError(
          `setStartMethod(): this is the context for '${method}', which does not change. Call getContext() with another ` +
            'method, or set that of the program with the setStartMethod() of forkless itself.',
        );
      },
    };
    Object.assign(this, api, bound);
  }

  static {
    printAs(this, (context) => `Context { ${context.#method} }`);
    registerShareable(this, {
      tag: 'context',
      module: import.meta.url,
      share: (context) => context.#method,
      attach: (method) => getContext(method) as unknown as BoundContext,
    });
  }
}

const contexts = new Map<StartMethod, Context>();

/**
 * The whole API for one start method, without setting it for the program: `getContext('threads').Process` is a thread.
 * Python: `multiprocessing.get_context`.
 *
 * @param method undefined: that of `setStartMethod()`, which settles it
 * @throws TypeError for an unknown method.
 * @example
 * const { Process, Queue } = getContext('threads');
 */
export function getContext(method: StartMethod = getStartMethod()): Context {
  checkStartMethod(method, 'getContext()');
  let context = contexts.get(method);
  if (context === undefined) contexts.set(method, (context = new BoundContext(method) as unknown as Context));
  return context;
}
