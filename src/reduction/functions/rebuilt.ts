import type { AnyFunction } from '../reference.ts';
import type { FunctionCode } from './function-code.ts';

/** What a receiver makes itself: an import, or what means something else in every module. */
export type Import =
  | readonly [variable: string, how: 'import', module: string, name: string]
  | readonly [variable: string, how: 'meta' | 'dynamic' | 'require', base: string];

/** A variable that travels with its value. */
export interface Variable {
  readonly name: string;
  readonly value: unknown;
  /** The same for every function that has this very variable; undefined when that cannot be told. */
  cell(): string | undefined;
  readonly isAssigned: boolean;
  /** It has not got its value yet. */
  readonly isUninitialized?: boolean;
}

export interface Captures {
  readonly variables: readonly Variable[];
  readonly imports: readonly Import[];
  readonly privates: readonly unknown[];
}

/** A function that came by value: it can be sent on without a look at it. */
export interface Rebuilt {
  readonly code: FunctionCode;
  /** Its variables, with the values of now. */
  captures(): Captures;
  /** Gives variables new values. */
  assign(values: ReadonlyMap<string, unknown>): void;
}

const known = new WeakMap<AnyFunction, Rebuilt>();

/** How a function came, if it came by value. */
export function rebuiltFrom(fn: AnyFunction): Rebuilt | undefined {
  return known.get(fn);
}

/** Remembers how a function came. */
export function rememberRebuilt(fn: AnyFunction, rebuilt: Rebuilt): void {
  known.set(fn, rebuilt);
}
