import { describe, expect, it } from 'vitest';

import { Looks } from '../../dist/managers/links/looks.js';

/** How often a blocking look is made before it is given up. */
function looksInVain(looks: Looks): number {
  let count = 0;
  const found = looks.blocking(() => void (count += 1));
  expect(found).toBe(undefined);
  return count;
}

/** A time that moves by this much with each question for it: no other program has a part in it. */
function clock(stepMs: number): () => number {
  let now = 0;
  return () => (now += stepMs);
}

describe('Looks', () => {
  it('give what comes while they look', async () => {
    const looks = new Looks(clock(0));
    let count = 0;
    const third = (): string | undefined => (++count % 3 === 0 ? 'there' : undefined);
    expect(looks.blocking(third)).toBe('there');
    expect(await looks.turning(third)).toBe('there');
    expect(count).toBe(6);
  });

  it('let the event loop turn between them', async () => {
    let turns = 0;
    setImmediate(() => (turns += 1));
    expect(await new Looks(clock(0)).turning(() => turns || undefined)).toBe(1);
  });

  it('are left out for a while when they have been in vain too often', () => {
    const looks = new Looks(clock(0.1));
    expect(looksInVain(looks)).toBeGreaterThan(1);
    let rounds = 1;
    while (looksInVain(looks) > 1) if (++rounds > 1000) throw new Error('They never rest');
    expect(looksInVain(looks)).toBe(1);
    let rests = 2;
    while (looksInVain(looks) === 1) if (++rests > 10_000) throw new Error('They rest for ever');
  });

  it('are not left out where they are in vain now and then', () => {
    const looks = new Looks(clock(0.1));
    for (let round = 0; round < 200; round++) {
      expect(looksInVain(looks)).toBeGreaterThan(1);
      for (let i = 0; i < 20; i++) expect(looks.blocking(() => 'there')).toBe('there');
    }
  });
});
