import type { Block } from '../memory/heap.ts';

/** Shared memory that received messages may keep from the others, in bytes; more is copied out. */
const MOST_ADOPTED = 256 << 20;

let adopted = 0;
const collected = new FinalizationRegistry<number>((bytes) => {
  adopted -= bytes;
});

/**
 * A message's bytes where they are, in the block that only this environment holds now; the block goes when nobody can reach
 * them any more. What cannot be collected in time, because the thread never comes to its event loop, is copied instead.
 */
export function adoptBytes(block: Block, start: number, end: number): Uint8Array<ArrayBuffer> {
  if (adopted + block.byteLength > Math.min(MOST_ADOPTED, block.arena.maxBytes / 4)) {
    const copy = block.bytes.slice(start, end);
    block.release();
    return copy;
  }
  adopted += block.byteLength;
  // The buffer keeps the block, and gives it back.
  collected.register(block.buffer, block.byteLength);
  return block.bytes.subarray(start, end);
}
