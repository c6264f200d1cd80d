const MOST_CHARACTERS = 200;

/**
 * Checks the name of a shared object.
 * @throws TypeError, RangeError
 */
export function checkName(name: unknown, where: string): asserts name is string {
  if (typeof name !== 'string') throw new TypeError(`${where}: the name must be a string, not ${typeof name}`);
  if (!/^[\w.-]+$/.test(name) || Buffer.byteLength(name) > MOST_CHARACTERS) {
    throw new RangeError(
      `${where}: "${name}" is no name for a shared object; use 1 to ${MOST_CHARACTERS} letters, digits, dots, dashes or underscores`,
    );
  }
}
