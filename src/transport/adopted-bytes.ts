import { allocateForFilling } from '../memory/compound.ts';
import type { Arena } from '../memory/arena.ts';
import { attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { bytesOf } from '../memory/words.ts';
import { setBufferUnloader } from '../reduction/shared-views.ts';
import type { BufferCarrier } from '../reduction/shared-views.ts';

/** Shared memory that received messages may keep from the others, in bytes; more is copied out. */
const MOST_ADOPTED = 256 << 20;
const CARRIED_LEAST = 64 << 10;

let mayAdopt = false;

/**
 * Runs a function that makes a value of a message. In one that the event loop waits for, large buffers may stay where they
 * are: they are given back when the collector has found them, on a turn of the event loop. Else they are copied out.
 */
export function adopting<R>(make: () => R): R {
  const outer = mayAdopt;
  mayAdopt = true;
  try {
    return make();
  } finally {
    mayAdopt = outer;
  }
}

/**
 * A message's bytes where they are, in the block that only this environment holds now; the block goes when nobody can reach
 * them any more. What cannot be collected in time, because the thread never comes to its event loop, is copied instead.
 */
export function adoptBytes(block: Block, start: number, end: number): Uint8Array<ArrayBuffer> {
  const buffer = mayAdopt ? block.handOver(Math.min(MOST_ADOPTED, block.arena.maxBytes / 4)) : undefined;
  if (buffer !== undefined) {
    // With every buffer that it allocates itself, V8 looks whether young buffers have so many bytes that a minor collection
    // is due.
    Reflect.construct(ArrayBuffer, [1]);
    return bytesOf(buffer).subarray(start, end);
  }
  const copy = copyOf(block.bytes, start, end);
  block.release();
  return copy;
}

/** A copy in ordinary memory, which is not cleared first. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const copy = bytesOf(Buffer.allocUnsafeSlow(end - start).buffer as ArrayBuffer);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** Carries large buffers as blocks of an arena, for a message that refers to them and keeps them alive. */
export class BlockCarrier implements BufferCarrier {
  readonly minBytes: number = CARRIED_LEAST;
  readonly #arena: Arena;
  readonly #carried: Block[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  readonly carry = (buffer: ArrayBuffer, byteOffset: number, byteLength: number): BlockReference => {
    const block = allocateForFilling(this.#arena, byteLength, 0);
    this.#carried.push(block);
    block.bytes.set(bytesOf(buffer).subarray(byteOffset, byteOffset + byteLength));
    return block.reference();
  };

  /** How many there are; messages can be made within the making of a message. */
  get count(): number {
    return this.#carried.length;
  }

  /** Bytes of all but the first `count`. */
  bytesFrom(count: number): number {
    let bytes = 0;
    for (let i = count; i < this.#carried.length; i++) bytes += this.#carried[i]?.byteLength ?? 0;
    return bytes;
  }

  /** Gives up all but the first `count`: from here on they are the message's. */
  release(count: number): void {
    for (const block of this.#carried.splice(count)) block.release();
  }
}

setBufferUnloader((data) => {
  const block = attachBlock(data as BlockReference);
  return adoptBytes(block, 0, block.byteLength).buffer;
});
