import { SerializationError } from '../support/errors.ts';

/** The error for bytes that no sender of this version can have written. */
export function damaged(what: string): SerializationError {
  return new SerializationError(`The message is damaged or not one of forkless: ${what}.`);
}
