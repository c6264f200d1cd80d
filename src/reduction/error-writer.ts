import { inspectTarget } from './references.ts';
import { commonErrorName } from './error-classes.ts';
import type { AnyFunction } from './reference.ts';
import type { ValueWriter } from './value-writer.ts';
import { TAG } from './wire.ts';

/** Properties of errors that travel although they are not enumerable. */
const HIDDEN: readonly string[] = ['message', 'stack', 'cause', 'errors', 'name'];

/**
 * Writes an error: its class when other processes can have it, the nearest common class otherwise; then message, stack,
 * cause, errors and whatever else it has of its own.
 */
export function writeError(writer: ValueWriter, value: object): void {
  const error = value as Error;
  writer.byte(TAG.error);
  const exact = writeClass(writer, error);
  const keys = Object.keys(error);
  for (const key of HIDDEN) if (Object.hasOwn(error, key) && !keys.includes(key)) keys.push(key);
  if (error instanceof DOMException) {
    // Its message and name are no properties of its own.
    for (const key of ['message', 'name']) if (!keys.includes(key)) keys.push(key);
  } else if (!exact && !keys.includes('name')) keys.push('name');
  writer.path.enter(error);
  writer.varint(keys.length);
  for (const key of keys) {
    writer.path.at(key);
    writer.text(key);
    writer.byte(Object.prototype.propertyIsEnumerable.call(error, key) ? 1 : 0);
    writer.write((error as unknown as Record<string, unknown>)[key]);
  }
  writer.path.leave();
}

/** Writes the name of a common class, or an empty text and the class by reference. */
function writeClass(writer: ValueWriter, error: Error): boolean {
  for (
    let at = Object.getPrototypeOf(error) as object | null;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const Class: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    const common = commonErrorName(Class);
    const exact = at === Object.getPrototypeOf(error);
    if (common !== undefined) {
      writer.text(common);
      return exact;
    }
    if (typeof Class === 'function' && inspectTarget(Class as AnyFunction).kind === 'reference') {
      writer.text('');
      writer.write(Class);
      return exact;
    }
  }
  writer.text('Error');
  return false;
}
