import { damaged } from './byte-reader.ts';
import { commonErrorClass } from './error-classes.ts';
import type { ValueReader } from './value-reader.ts';

/** Reads an error: a real one of its class, with the properties that it had. No constructor of a user's class runs. */
export function readError(reader: ValueReader): Error {
  const number = reader.reserve();
  const common = reader.text();
  // A name that only a newer version has: an error is more use than none.
  const Class: unknown = common === '' ? reader.read() : (commonErrorClass(common) ?? Error);
  if (typeof Class !== 'function') throw damaged('it names no class for an error');
  if (Class === DOMException) return readDomException(reader, number);
  const error = withoutStack(() => Reflect.construct(Error, [], Class) as Error);
  reader.fulfil(number, error);
  for (const [key, enumerable, value] of fields(reader)) defineField(error, key, enumerable, value);
  return error;
}

/** Its message and name are set by its constructor only. */
function readDomException(reader: ValueReader, number: number): Error {
  const read = [...fields(reader)];
  const text = (key: string): string => {
    const value = read.find(([name]) => name === key)?.[2];
    return typeof value === 'string' ? value : '';
  };
  const error = withoutStack(() => new DOMException(text('message'), text('name')));
  reader.fulfil(number, error);
  for (const [key, enumerable, value] of read)
    if (key !== 'message' && key !== 'name') defineField(error, key, enumerable, value);
  return error;
}

function* fields(reader: ValueReader): Generator<readonly [key: string, enumerable: boolean, value: unknown]> {
  for (let count = reader.count(); count > 0; count--) yield [reader.key(), reader.byte() === 1, reader.read()];
}

function defineField(error: Error, key: string, enumerable: boolean, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
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
