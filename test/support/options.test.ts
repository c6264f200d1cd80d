import { describe, expect, it } from 'vitest';

import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../../dist/support/options.js';

describe('checkOptions', () => {
  it('lets omitted options and the keys that it knows pass', () => {
    expect(() => checkOptions(undefined, ['a'], 'new X()')).not.toThrow();
    expect(() => checkOptions({ a: 1 }, ['a', 'b'], 'new X()')).not.toThrow();
  });

  it('names the key that it does not know, the call and the keys that it knows', () => {
    const check = (): void => checkOptions({ a: 1, c: undefined }, ['a', 'b'], 'new X()');
    expect(check).toThrow(TypeError);
    expect(check).toThrow(/new X\(\).*"c".*"a", "b"/);
  });

  it.each([null, 1, 'a', () => {}])('refuses %s in the place of options', (options) => {
    expect(() => checkOptions(options, ['a'], 'new X()')).toThrow(TypeError);
  });
});

describe('checkWait', () => {
  it('takes a timeout from 0 to Infinity and a signal', () => {
    for (const timeout of [0, 0.5, 1e9, Infinity]) {
      expect(() => checkWait({ timeout, signal: AbortSignal.abort() }, 'x()')).not.toThrow();
    }
    expect(() => checkWait(undefined, 'x()')).not.toThrow();
  });

  it.each([
    ['a negative timeout', { timeout: -1 }, RangeError],
    ['NaN', { timeout: Number.NaN }, RangeError],
    ['a text', { timeout: '1' }, TypeError],
    ['something else than a signal', { signal: {} }, TypeError],
    ['an unknown key', { time: 1 }, TypeError],
  ])('refuses %s', (_title, options, type) => {
    expect(() => checkWait(options as never, 'x()')).toThrow(type);
  });

  it('refuses a signal where the wait blocks the thread', () => {
    expect(() => checkWait({ signal: AbortSignal.abort() }, 'xSync()', SYNC_WAIT_KEYS)).toThrow(/"signal"/);
  });
});
