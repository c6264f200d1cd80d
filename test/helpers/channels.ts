import { afterEach, expect } from 'vitest';

import { type ElementType, FloatChannel } from '../../dist/index.js';
import { familyHolds } from './shared-memory.ts';

const open: FloatChannel<ElementType>[] = [];

/** A channel that is closed after its test; its messages have up to 8 elements unless told otherwise. */
export function make8<T extends ElementType = 'd'>(
  maxSize = 8,
  options?: ConstructorParameters<typeof FloatChannel<T>>[1],
): FloatChannel<T> {
  const channel = new FloatChannel<T>(maxSize, options);
  open.push(channel as unknown as FloatChannel<ElementType>);
  return channel;
}

/** Closes the channels of every test of the file; then it must have left no hold on a block behind. */
export function closeChannelsAfterEach(): void {
  afterEach(() => {
    for (const channel of open.splice(0)) channel.close();
    expect(familyHolds()).toBe(0);
  });
}
