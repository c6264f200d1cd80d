import { describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { allocate, attachBlock, blockOf } from '../../dist/memory/heap.js';
import { binding } from '../../dist/native/binding.js';
import { Program } from '../helpers/programs.ts';
import { familyHolds, freshName } from '../helpers/shared-memory.ts';

const ROOM = 'memory/room.js';

async function linesOf(
  how: string,
  options: { env?: Record<string, string>; execArgv?: string[] } = {},
): Promise<string[]> {
  const { code, lines } = await new Program(ROOM, [how, freshName()], options).end;
  expect(code).toBe(0);
  return lines;
}

describe('The shared memory of a family', () => {
  it('says when it is full, makes nothing half, and has room again after a close', async () => {
    expect(await linesOf('fill', { env: { FORKLESS_MAX_BYTES: `${8 << 20}` } })).toEqual([
      'ResourceError ERR_MP_RESOURCE the shared memory is full FORKLESS_MAX_BYTES',
      'holds as before: true',
      'faults: 0',
      'room again: true',
    ]);
  });

  it('refuses what it can never hold', async () => {
    expect(await linesOf('too-large', { env: { FORKLESS_MAX_BYTES: `${8 << 20}` } })).toEqual([
      'ResourceError ERR_MP_RESOURCE larger than the shared memory may become FORKLESS_MAX_BYTES',
      'holds: 0',
    ]);
  });

  it.each(['1000', '-1', '1e400', 'much', '4194304.5'])('refuses the limit %s', async (limit) => {
    expect(await linesOf('limit', { env: { FORKLESS_MAX_BYTES: limit } })).toEqual(['RangeError FORKLESS_MAX_BYTES']);
  });

  it('has a participant for every thread, as long as it lives', async () => {
    expect(await linesOf('threads')).toEqual([
      'before: 1',
      'with threads: 4',
      'holds with threads: 4',
      'afterwards: 1',
      'holds: 1',
    ]);
  });

  it('frees what was forgotten, and gives up what a forgotten channel has in its hands', async () => {
    expect(await linesOf('forgotten', { execArgv: ['--expose-gc'] })).toEqual([
      'holds: 0',
      'free again: true',
      'view alive: true 7',
    ]);
  });
});

describe('A block', () => {
  it.each([0, 1, 15, 16, 100, 2_047, 2_048, 5_000, 1_000_000])(
    'of %i bytes is zeroed, aligned and found by its reference',
    (bytes) => {
      const before = familyHolds();
      const dirty = allocate(familyArena(), bytes);
      dirty.bytes.fill(0xff);
      dirty.release();
      const block = allocate(familyArena(), bytes, { kind: 77 });
      expect(block.bytes.every((byte) => byte === 0)).toBe(true);
      expect(block.offset % (bytes >= 2_048 ? 64 : 16)).toBe(0);
      const other = attachBlock(block.reference());
      expect([other.offset, other.kind, other.byteLength]).toEqual([block.offset, 77, bytes]);
      block.bytes.fill(3);
      expect(other.bytes.every((byte) => byte === 3)).toBe(true);
      expect(blockOf(block.buffer)).toBe(block);
      block.release();
      block.release();
      expect(block.released).toBe(true);
      expect(familyHolds()).toBe(before + 1);
      other.release();
      expect(familyHolds()).toBe(before);
    },
  );

  it('that is gone is not found, not even when another stands in its place', () => {
    const block = allocate(familyArena(), 100);
    const reference = block.reference();
    block.release();
    expect(() => attachBlock(reference)).toThrow(/does not exist any more/);
    using next = allocate(familyArena(), 100);
    expect(next.offset).toBe(reference.offset);
    expect(() => attachBlock(reference)).toThrow(/does not exist any more/);
  });

  it.each([-1, 1.5, Number.NaN, Infinity])('of %d bytes is a RangeError', (bytes) => {
    expect(() => allocate(familyArena(), bytes)).toThrow(RangeError);
  });

  it('comes and goes thousands of times without a trace', () => {
    const before = familyArena().statistics();
    const blocks = new Set<ReturnType<typeof allocate>>();
    for (let round = 0; round < 5_000; round++) {
      blocks.add(allocate(familyArena(), (round * 7919) % 20_000));
      const [oldest] = blocks;
      if (blocks.size > 50 && oldest !== undefined) {
        oldest.release();
        blocks.delete(oldest);
      }
    }
    for (const block of blocks) block.release();
    const after = familyArena().statistics();
    expect([after.usedBytes, after.holds]).toEqual([before.usedBytes, before.holds]);
    expect(binding.checkHeap(familyArena().index)).toBe(0);
  });
});
