import { isAsyncIterable } from './executor-options.ts';

/** Any number of inputs side by side, until the first of them ends; the others are told then. */
export function zip(
  inputs: readonly (Iterable<unknown> | AsyncIterable<unknown>)[],
): Iterable<unknown[]> | AsyncIterable<unknown[]> {
  return inputs.some(isAsyncIterable) ? zipLater(inputs) : zipNow(inputs as readonly Iterable<unknown>[]);
}

function* zipNow(inputs: readonly Iterable<unknown>[]): Generator<unknown[], void> {
  const iterators = inputs.map((input) => input[Symbol.iterator]());
  const going = new Set(iterators);
  try {
    for (;;) {
      const items: unknown[] = [];
      for (const iterator of iterators) {
        const next = stepped(iterator.next(), going, iterator);
        if (next.done === true) return;
        items.push(next.value);
      }
      yield items;
    }
  } finally {
    for (const iterator of going) iterator.return?.();
  }
}

async function* zipLater(
  inputs: readonly (Iterable<unknown> | AsyncIterable<unknown>)[],
): AsyncGenerator<unknown[], void> {
  const iterators = inputs.map((input) =>
    isAsyncIterable(input) ? input[Symbol.asyncIterator]() : input[Symbol.iterator](),
  );
  const going = new Set(iterators);
  try {
    for (;;) {
      const items: unknown[] = [];
      for (const iterator of iterators) {
        const next = stepped(await iterator.next(), going, iterator);
        if (next.done === true) return;
        items.push(next.value);
      }
      yield items;
    }
  } finally {
    for (const iterator of going) await iterator.return?.();
  }
}

/** One that has come to its end by itself is not told of it. */
function stepped<I>(next: IteratorResult<unknown>, going: Set<I>, iterator: I): IteratorResult<unknown> {
  if (next.done === true) going.delete(iterator);
  return next;
}
