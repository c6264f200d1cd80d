import { expect, it } from 'vitest';

import { MapCalls } from '../../dist/futures/map-calls.js';
import { futureThat } from '../helpers/executors.ts';

it.each([
  [20, 80],
  [20, 25],
  [20, 20],
  [20, 7],
  [1, 5],
])('cuts whole chunks however full its buffer is: chunks of %d, a buffer of %d', (chunkSize, bufferSize) => {
  const sizes: number[] = [];
  const items = Array.from({ length: 200 }, (_, i) => i);
  const calls = new MapCalls<number>(items, {
    submit(chunk) {
      sizes.push(chunk.length);
      return futureThat.hasReturned(chunk as never) as never;
    },
    onLast() {},
    chunkSize,
    bufferSize,
  });
  const taken: number[] = [];
  for (let next = calls.take(); next?.done === false; next = calls.take()) taken.push(next.value);
  expect(taken).toEqual(items);
  const whole = Math.min(chunkSize, bufferSize);
  expect(sizes.slice(0, -1).every((size) => size === whole)).toBe(true);
});
