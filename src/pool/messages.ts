/*
 * The heads of the messages of a pool:
 *
 *     a task      [ function, call, 0, 0 ]
 *     a result    [ number of the task, or of the worker; status; when it began; how long it took ], in microseconds, modulo 2^32
 *
 * A task's message has the arguments, or the items; a result's the value, the values or the outcomes. Many items or values that are
 * numbers are in a Float64Array.
 */

/** What a task asks for: bits. */
export const CALL = {
  /** The message has one call's arguments. */
  one: 0,
  /** The message has items: one call for each. */
  each: 1,
  /** Items are the arguments of a call. */
  star: 2,
  /** What fails does not end the others: the result has an outcome for each then. */
  outcomes: 4,
  /** The worker is to end. */
  stop: 8,
} as const;

/** What a result is. */
export const STATUS = {
  /** The value or the values that were asked for. */
  value: 0,
  /** What was thrown, encoded. */
  thrown: 1,
  /** The task was not wanted any more. */
  skipped: 2,
  /** No result of a task: a worker has started. */
  ready: 3,
  /** No result of a task: what a worker's initializer has thrown. */
  notReady: 4,
  /** Of items, some of which have failed: an outcome for each. */
  outcomes: 5,
} as const;

/** What was thrown in a worker: `encodeThrown` made it. */
export type ThrownBytes = readonly [bytes: Uint8Array, modules: readonly string[]];

/** Of one item: its value, or what was thrown. */
export type OutcomeMessage = readonly [value: unknown] | readonly [value: undefined, thrown: ThrownBytes];

/** Numbers as they travel fastest; undefined when there is something else among the values of this part, or a hole. */
export function asNumbers(
  values: readonly unknown[],
  start = 0,
  end: number = values.length,
): Float64Array | undefined {
  if (end - start < LEAST_NUMBERS || typeof values[start] !== 'number') return undefined;
  const numbers = new Float64Array(end - start);
  for (let i = 0; i < numbers.length; i++) {
    const value = values[start + i];
    if (typeof value !== 'number') return undefined;
    numbers[i] = value;
  }
  return numbers;
}
// Fewer take longer so than in a small message (reduction/small-format.ts).
const LEAST_NUMBERS = 128;
