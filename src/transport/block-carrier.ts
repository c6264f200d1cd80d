import { allocateForFilling } from '../memory/compound.ts';
import type { Arena } from '../memory/arena.ts';
import { attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { bytesOf } from '../memory/words.ts';
import { setBufferUnloader } from '../reduction/shared-views.ts';
import type { BufferCarrier } from '../reduction/shared-views.ts';

const CARRIED_LEAST = 64 << 10;

/** A block's bytes in ordinary memory, and the block is given back: the next message finds it in the caches. */
export function copyOut(block: Block, start: number, end: number): Uint8Array<ArrayBuffer> {
  const copy = newBytes(end - start);
  block.copyTo(copy, start);
  block.release();
  return copy;
}

/** A copy in ordinary memory, which is not cleared first. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const copy = newBytes(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

function newBytes(length: number): Uint8Array<ArrayBuffer> {
  return bytesOf(Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer);
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
    block.fill(bytesOf(buffer).subarray(byteOffset, byteOffset + byteLength));
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
  return copyOut(block, 0, block.byteLength).buffer;
});
