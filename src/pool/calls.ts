import { encode } from '../reduction/codec.ts';
import { asNumbers, CALL } from './messages.ts';
import type { OutcomeMessage, ThrownBytes } from './messages.ts';

export type Callable = (...args: unknown[]) => unknown;

/** Makes bytes of what was thrown. */
export type EncodeThrown = (error: unknown) => ThrownBytes;

/**
 * Does what a task asks for.
 * @param payload the arguments, or the items
 * @returns the value, the values or, where some items have failed, SomeFailed; a promise as soon as the function gives one
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

/** The outcomes of items as they come: values alone as long as none has failed. */
class OutcomeList {
  readonly #values: unknown[] = [];
  #outcomes: OutcomeMessage[] | undefined;

  get length(): number {
    return (this.#outcomes ?? this.#values).length;
  }

  succeeded(value: unknown): void {
    if (this.#outcomes === undefined) this.#values.push(value);
    else this.#outcomes.push([value]);
  }

  failed(thrown: ThrownBytes): void {
    this.#outcomes ??= outcomesOfValues(this.#values);
    this.#outcomes.push([undefined, thrown]);
  }

  get result(): unknown[] | SomeFailed {
    return this.#outcomes === undefined ? this.#values : new SomeFailed(this.#outcomes);
  }
}

/** What is there instead of values when some items have failed. */
export class SomeFailed {
  readonly outcomes: readonly OutcomeMessage[];

  constructor(outcomes: readonly OutcomeMessage[]) {
    this.outcomes = outcomes;
  }
}

function outcomesOfValues(values: readonly unknown[]): OutcomeMessage[] {
  return values.map((value) => [value] as const);
}

function outcomesOf(
  one: (item: unknown) => unknown,
  items: ArrayLike<unknown>,
  encodeThrown: EncodeThrown,
): unknown[] | SomeFailed | Promise<unknown[] | SomeFailed> {
  const list = new OutcomeList();
  for (let i = 0; i < items.length; i++) {
    try {
      const value = one(items[i]);
      if (isThenable(value)) return outcomesLater(one, items, list, value, encodeThrown);
      list.succeeded(value);
    } catch (error) {
      list.failed(encodeThrown(error));
    }
  }
  return list.result;
}

/** @param next what the item gave that comes next in the list */
async function outcomesLater(
  one: (item: unknown) => unknown,
  items: ArrayLike<unknown>,
  list: OutcomeList,
  next: PromiseLike<unknown>,
  encodeThrown: EncodeThrown,
): Promise<unknown[] | SomeFailed> {
  let take = (): unknown => next;
  while (list.length < items.length) {
    try {
      list.succeeded(await take());
    } catch (error) {
      list.failed(encodeThrown(error));
    }
    take = () => one(items[list.length]);
  }
  return list.result;
}

/** What is sent of the result of a call. */
export function sentForm(call: number, result: unknown): unknown {
  return ((call & CALL.each) === 0 ? undefined : asNumbers(result as readonly unknown[])) ?? result;
}

/** An outcome for each item, with errors in the place of values that cannot travel. */
export function travelingOutcomes(
  result: readonly unknown[] | SomeFailed,
  encodeThrown: EncodeThrown,
): OutcomeMessage[] {
  const outcomes = result instanceof SomeFailed ? result.outcomes : outcomesOfValues(result);
  return outcomes.map((outcome) => {
    try {
      encode(outcome[0], 'the result');
      return outcome;
    } catch (error) {
      return [undefined, encodeThrown(error)];
    }
  });
}
