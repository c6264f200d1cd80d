import { pathToFileURL } from 'node:url';
import { addType } from './type-registry.ts';
import { isImportable } from './reference.ts';

/** Options of `registerType`. */
export interface RegisterTypeOptions {
  /** Names the class in messages; the class's name by default. Must be the same in every process. */
  readonly name?: string;
  /** The URL of the module that calls `registerType`; found by itself where the runtime can tell. */
  readonly module?: string;
}

/**
 * Tells how the instances of a class travel to other processes. The module that calls it is imported by the receiver,
 * so that the class is registered there, too.
 *
 * @param encode - gives anything that can travel; it must not contain the instance itself
 * @param decode - gives the instance again
 * @throws TypeError when the arguments are wrong, or the class or its name is registered already.
 * @example
 * registerType(Money, (money) => [money.amount, money.currency], ([amount, currency]) => new Money(amount, currency));
 */
export function registerType<T extends object, D>(
  Class: abstract new (...args: never[]) => T,
  encode: (object: T) => D,
  decode: (data: D) => T,
  options: RegisterTypeOptions = {},
): void {
  if (typeof Class !== 'function' || typeof Class.prototype !== 'object' || Class.prototype === null) {
    throw new TypeError('registerType() expects a class.');
  }
  if (typeof encode !== 'function' || typeof decode !== 'function')
    throw new TypeError('registerType() expects two functions: encode, decode.');
  for (const key of Object.keys(options)) {
    if (key !== 'name' && key !== 'module') throw new TypeError(`registerType() has no option '${key}'.`);
  }
  const name = options.name ?? Class.name;
  if (name === '') throw new TypeError('A class without a name needs the option `name`.');
  addType(Class.prototype as object, {
    kind: 'custom',
    name,
    module: options.module ?? callingModule(),
    write: encode,
    read: decode,
  });
}

/** The module that called `registerType`, from the stack. */
function callingModule(): string | undefined {
  // oxlint-disable-next-line typescript/unbound-method -- only put back
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 3;
    Error.prepareStackTrace = (_error, sites) => sites[2]?.getFileName() ?? undefined;
    const file = new Error('where').stack as unknown;
    if (typeof file !== 'string') return undefined;
    const url = file.startsWith('/') ? pathToFileURL(file).href : file;
    return isImportable(url) ? url : undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
