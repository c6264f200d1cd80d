import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';

describe('The example', () => {
  it('network.ts asks and answers over a socket, with a key', async () => {
    expect(await linesOf('network.ts')).toEqual(["{ question: 'the answer?', answer: 42 }"]);
  });

  it('shared-memory.ts has another process change a block and a list', async () => {
    const [names, values] = await linesOf('shared-memory.ts');
    expect(names).toMatch(/^In Python: SharedMemory\('psm_[0-9a-f]{8}'\)/);
    expect(values).toBe("Uint8Array(4) [ 1, 2, 3, 0 ] [ 'howdy', 273.154, 'changed', true ]");
  });
});
