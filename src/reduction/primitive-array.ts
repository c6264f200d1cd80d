/** Whether an array has nothing in it that is more than itself, and no holes. */
export function hasOnlyPrimitives(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    const type = typeof element;
    if (type === 'function' || type === 'symbol' || (type === 'object' && element !== null)) return false;
    // Beyond a hole there may be very many.
    if (element === undefined && !(i in array)) return false;
  }
  // There can be other properties.
  return Object.values(array).length === array.length;
}
