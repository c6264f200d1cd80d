import type { AnyFunction } from '../reduction/reference.ts';

/** A call that is to be done later, and somewhere else. */
export interface DelayedCall<R> {
  readonly fn: (...args: never[]) => R | PromiseLike<R>;
  readonly args: readonly unknown[];
}

/**
 * Gives a function that, instead of calling, notes the call: `delayed(f)(1, 2)` is the call f(1, 2) for `Parallel`.
 * Python: `joblib.delayed`.
 * @throws TypeError
 */
export function delayed<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
): (...args: A) => DelayedCall<Awaited<R>> {
  if (typeof fn !== 'function') throw new TypeError(`delayed(): expected a function, not ${typeof fn}`);
  return (...args) => ({ fn: fn as AnyFunction as DelayedCall<Awaited<R>>['fn'], args });
}

/** @throws TypeError */
export function checkCall(call: unknown): DelayedCall<unknown> {
  const { fn, args } = Object(call) as Partial<DelayedCall<unknown>>;
  if (typeof fn === 'function' && Array.isArray(args)) return call as DelayedCall<unknown>;
  throw new TypeError('Parallel.run(): expected calls, such as delayed(fn)(...args)');
}
