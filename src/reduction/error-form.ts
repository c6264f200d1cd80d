import { types } from 'node:util';

import { commonErrorClass, commonErrorName } from './error-classes.ts';
import type { AnyFunction } from './reference.ts';
import { isClassThatTravels } from './references.ts';

/** Properties of errors that travel although they are not enumerable. */
const HIDDEN: readonly string[] = ['message', 'stack', 'cause', 'errors', 'name'];

/** What an error arrives as. */
export interface ErrorForm {
  /** The name of a class that every process has, or a class that others can import. */
  readonly Class: string | AnyFunction;
  readonly visible: readonly string[];
  readonly hidden: readonly string[];
}

/** Whether a value has to travel as an error: errors of other realms and DOMExceptions, too. */
export function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof DOMException;
}

/** Its class when other processes can have it, the nearest such class otherwise, and the properties that travel. */
export function errorForm(error: Error, allowsCode: boolean): ErrorForm {
  const { Class, exact } = nearestClass(error, allowsCode);
  const visible = Object.keys(error);
  const hidden = HIDDEN.filter((key) => Object.hasOwn(error, key) && !visible.includes(key));
  if (!exact && !visible.includes('name') && !hidden.includes('name')) hidden.push('name');
  return { Class, visible, hidden };
}

function nearestClass(
  error: Error,
  allowsCode: boolean,
): { readonly Class: string | AnyFunction; readonly exact: boolean } {
  const own = Object.getPrototypeOf(error) as object | null;
  for (let at = own; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const Class: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    const common = commonErrorName(Class);
    if (common !== undefined) return { Class: common, exact: at === own };
    if (typeof Class === 'function' && isClassThatTravels(Class as AnyFunction, allowsCode)) {
      return { Class: Class as AnyFunction, exact: at === own };
    }
  }
  return { Class: 'Error', exact: false };
}

/**
 * Makes an error of a class, still without its properties. No constructor of a user's class runs.
 *
 * @param details - message and name of a DOMException, which only its constructor can set
 */
export function makeError(Class: string | AnyFunction, details: readonly unknown[]): Error {
  // A name that only a newer version has: an error is more use than none.
  const Actual = typeof Class === 'function' ? Class : (commonErrorClass(Class) ?? Error);
  return withoutStack(() =>
    Actual === DOMException
      ? new DOMException(...details.map(String))
      : (Reflect.construct(Error, [], Actual as ErrorConstructor) as Error),
  );
}

/** Gives an error its properties. */
export function fillError(error: object, properties: Iterable<readonly [string, unknown]>, enumerable: boolean): void {
  for (const [key, value] of properties) {
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  }
}

/** The stack of the place where an error is read says nothing; capturing it would be the most expensive part. */
function withoutStack(make: () => Error): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
