import { expect, it } from 'vitest';

import { addWide, isWide, loadWide, storeWide } from '../../dist/transport/stream-layout.js';

const EDGES = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 40 + 2 ** 31, 2 ** 52];

it('adds numbers of two words, whether or not the lower one overflows', () => {
  const words = new Int32Array(4);
  for (const a of EDGES) {
    for (const b of EDGES) {
      storeWide(words, 0, a);
      addWide(words, 0, b, 2);
      expect(loadWide(words, 2), `${a} + ${b}`).toBe(a + b);
      expect(isWide(words, 0, a | 0, Math.floor(a / 2 ** 32))).toBe(true);
      expect(isWide(words, 0, a | 0, Math.floor(a / 2 ** 32) + 1)).toBe(false);
    }
  }
});
