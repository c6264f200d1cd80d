import { encode } from '../reduction/codec.ts';
import { asNumbers, CALL } from './messages.ts';
import type { OutcomeMessage, ThrownBytes } from './messages.ts';

export type Callable = (...args: unknown[]) => unknown;

/** Makes bytes of what was thrown. */
export type EncodeThrown = (error: unknown) => ThrownBytes;

/**
 * Does what a task asks for.
 * @param payload the arguments, or the items
 * @returns the value, the values or the outcomes; a promise of them as soon as the function gives one
 */
export function perform(fn: Callable, call: number, payload: unknown, encodeThrown: EncodeThrown): unknown {
  if ((call & CALL.each) === 0) return fn(...(payload as readonly unknown[]));
  const items = payload as ArrayLike<unknown>;
  const one = (call & CALL.star) === 0 ? fn : (item: unknown): unknown => fn(...(item as Iterable<unknown>));
  return (call & CALL.outcomes) === 0 ? valuesOf(one, items) : outcomesOf(one, items, encodeThrown);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** One item after the other; the first that fails ends it. */
function valuesOf(one: (item: unknown) => unknown, items: ArrayLike<unknown>): unknown[] | Promise<unknown[]> {
  const values: unknown[] = [];
  for (let i = 0; i < items.length; i++) {
    const value = one(items[i]);
    if (isThenable(value)) return valuesLater(one, items, values, value);
    values.push(value);
  }
  return values;
}

async function valuesLater(
  one: (item: unknown) => unknown,
  items: ArrayLike<unknown>,
  values: unknown[],
  next: PromiseLike<unknown>,
): Promise<unknown[]> {
  values.push(await next);
  for (let i = values.length; i < items.length; i++) values.push(await one(items[i]));
  return values;
}

async function outcomesOf(
  one: (item: unknown) => unknown,
  items: ArrayLike<unknown>,
  encodeThrown: EncodeThrown,
): Promise<OutcomeMessage[]> {
  const outcomes: OutcomeMessage[] = [];
  for (let i = 0; i < items.length; i++) {
    try {
      const value = one(items[i]);
      outcomes.push([isThenable(value) ? await value : value]);
    } catch (error) {
      outcomes.push([undefined, encodeThrown(error)]);
    }
  }
  return outcomes;
}

/** What is sent of the result of a call. */
export function sentForm(call: number, result: unknown): unknown {
  const isValues = (call & (CALL.each | CALL.outcomes)) === CALL.each;
  return (isValues ? asNumbers(result as readonly unknown[]) : undefined) ?? result;
}

/** The same outcomes, with errors in the place of values that cannot travel. */
export function travelingOutcomes(outcomes: readonly OutcomeMessage[], encodeThrown: EncodeThrown): OutcomeMessage[] {
  return outcomes.map((outcome) => {
    try {
      encode(outcome[0], 'the result');
      return outcome;
    } catch (error) {
      return [undefined, encodeThrown(error)];
    }
  });
}
