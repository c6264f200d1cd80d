import { describe, expect, it } from 'vitest';

import { ChunkSizes } from '../../dist/pool/chunk-sizes.js';

describe('The size of chunks', () => {
  it('begins with one item where nothing is known, and grows at most sixteenfold', () => {
    const sizes = new ChunkSizes(100_000, 2, undefined, undefined);
    expect(sizes.next(100_000)).toBe(1);
    sizes.measured(1, 1);
    expect(sizes.next(100_000)).toBe(16);
    sizes.measured(16, 1);
    expect(sizes.next(100_000)).toBe(256);
  });

  it('begins with what an earlier map has shown, and leaves each worker at least four', () => {
    expect(new ChunkSizes(100_000, 2, undefined, 10).next(100_000)).toBe(400);
    expect(new ChunkSizes(100_000, 2, undefined, 0.01).next(100_000)).toBe(12_500);
    expect(new ChunkSizes(100_000, 2, undefined, 60_000).next(100_000)).toBe(1);
    expect(new ChunkSizes(100_000, 2, undefined, 10).next(7)).toBe(7);
  });

  it('is what the caller says, if he does', () => {
    const sizes = new ChunkSizes(100_000, 2, 20, 0.01);
    sizes.measured(20, 1);
    expect(sizes.next(100_000)).toBe(20);
  });

  it('keeps more chunks ahead of workers that are done with theirs before the owner wakes', () => {
    expect(new ChunkSizes(100_000, 2, undefined, undefined).ahead).toBe(2);
    expect(new ChunkSizes(100_000, 2, undefined, 1000).ahead).toBe(2);
    expect(new ChunkSizes(100_000, 2, 100, 1).ahead).toBe(10);
    const sizes = new ChunkSizes(100_000, 2, 1, undefined);
    sizes.measured(1, 1);
    expect(sizes.ahead).toBe(16);
  });
});
