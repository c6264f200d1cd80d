import * as ownErrors from '../support/errors.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

const builtin: readonly ErrorClass[] = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  DOMException,
];
const byName = new Map<string, ErrorClass>(builtin.map((Class) => [Class.name, Class]));
// Every process knows them: they need no look-up.
for (const Class of Object.values(ownErrors)) if (typeof Class === 'function') byName.set(Class.name, Class);

/** The class of errors that every process has under this name. */
export function commonErrorClass(name: string): ErrorClass | undefined {
  return byName.get(name);
}

/** The name under which every process has this very class of errors, those of other realms included. */
export function commonErrorName(Class: unknown): string | undefined {
  if (typeof Class !== 'function') return undefined;
  const name: unknown = Object.getOwnPropertyDescriptor(Class, 'name')?.value;
  if (typeof name !== 'string') return undefined;
  const common = byName.get(name);
  if (common === undefined) return undefined;
  const sameElsewhere = builtin.includes(common) && /\[native code\]/.test(Function.prototype.toString.call(Class));
  return common === Class || sameElsewhere ? name : undefined;
}
