import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { arenaOf } from './arena.ts';
import type { Arena, ArenaReference } from './arena.ts';
import { bytesOf, wordsOf } from './words.ts';
import type { Words } from './words.ts';

/** How another process finds a block. The stamp tells a block from a later one at the same place. */
export interface BlockReference extends ArenaReference {
  readonly offset: number;
  readonly stamp: number;
}

/** What this environment holds, per arena: one hold in shared memory stands for all its objects on a block. */
const held = new WeakMap<Arena, Map<number, number>>();

function countsOf(arena: Arena): Map<number, number> {
  let counts = held.get(arena);
  if (counts === undefined) held.set(arena, (counts = new Map<number, number>()));
  return counts;
}

function retain(arena: Arena, offset: number): void {
  const counts = countsOf(arena);
  counts.set(offset, (counts.get(offset) ?? 0) + 1);
}

function letGo(arena: Arena, offset: number): void {
  const counts = countsOf(arena);
  const count = counts.get(offset);
  if (count === undefined) return;
  if (count > 1) {
    counts.set(offset, count - 1);
    return;
  }
  counts.delete(offset);
  binding.drop(arena.index, offset, 0);
}

interface Backstop {
  readonly arena: Arena;
  readonly offset: number;
}

// `release` is the way; this is for blocks that were forgotten.
const forgotten = new FinalizationRegistry<Backstop>(({ arena, offset }) => letGo(arena, offset));

/** A block of shared memory that this environment holds. It lives as long as anybody holds it. */
export class Block implements Disposable {
  readonly arena: Arena;
  readonly offset: number;
  readonly stamp: number;
  readonly byteLength: number;
  /** What its owner says it is; 0 = plain bytes. */
  readonly kind: number;
  #buffer: ArrayBuffer | undefined;
  #released = false;

  /** For `allocate` and `attachBlock`, which have taken the hold. */
  constructor(arena: Arena, offset: number, stamp: number, byteLength: number, kind: number) {
    this.arena = arena;
    this.offset = offset;
    this.stamp = stamp;
    this.byteLength = byteLength;
    this.kind = kind;
    retain(arena, offset);
    forgotten.register(this, { arena, offset }, this);
  }

  /** The memory itself. */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) {
      this.#buffer = binding.view(this.arena.index, this.offset, this.byteLength);
      owners.set(this.#buffer, this);
    }
    return this.#buffer;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return bytesOf(this.buffer);
  }

  get words(): Words {
    return wordsOf(this.buffer, 0, Math.floor(this.byteLength / 4));
  }

  get released(): boolean {
    return this.#released;
  }

  /** Touches all its pages now (about 1 ms per MB, once) instead of at the first use. */
  prefault(): void {
    binding.prefault(this.arena.index, this.offset, this.byteLength);
  }

  /** How other processes find it; see `collectReferences`. */
  reference(): BlockReference {
    collected?.add(this);
    return { ...this.arena.reference(), offset: this.offset, stamp: this.stamp };
  }

  /** Gives the hold back. Views that are still around stay readable, but their memory may be used anew. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    forgotten.unregister(this);
    letGo(this.arena, this.offset);
  }

  /** Gives the hold back, and the views with it: all over this block's buffer are empty from now on. */
  detach(): void {
    if (this.#buffer !== undefined) binding.detach(this.#buffer);
    this.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

let collected: Set<Block> | undefined;

/** Runs a function and gives the blocks that it has referred to: all that a message leads to, while it is written. */
export function collectReferences<R>(run: () => R): { readonly result: R; readonly blocks: readonly Block[] } {
  const outer = collected;
  const blocks = new Set<Block>();
  collected = blocks;
  try {
    return { result: run(), blocks: [...blocks] };
  } finally {
    collected = outer;
  }
}

/** Keeps a block alive as long as its buffer is. */
const owners = new WeakMap<ArrayBuffer, Block>();

/** The block that a buffer is the memory of, if it is one of ours. */
export function blockOf(buffer: ArrayBufferLike): Block | undefined {
  return owners.get(buffer as ArrayBuffer);
}

/**
 * Allocates zeroed shared memory, 16-byte aligned (64 from 2 KiB up).
 * @param options.holder who holds it, a participant id; by default this environment
 * @throws ResourceError when the arena is full or can never be that large.
 */
export function allocate(arena: Arena, bytes: number, options: { readonly kind?: number } = {}): Block {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`The size of a block must be a whole number of bytes >= 0, not ${bytes}`);
  }
  const kind = options.kind ?? 0;
  const [offset, stamp] = attempt(`allocate ${bytes} bytes of shared memory`, () =>
    binding.allocate(arena.index, bytes, kind, 0),
  );
  return new Block(arena, offset, stamp, bytes, kind);
}

/**
 * Holds the block that another process has referred to.
 * @throws ResourceError when it has gone in the meantime.
 */
export function attachBlock(reference: BlockReference): Block {
  return attachIn(arenaOf(reference), reference.offset, reference.stamp);
}

/** The block at `offset` of an arena, by its stamp. */
function attachIn(arena: Arena, offset: number, stamp: number): Block {
  const [bytes, kind] = attempt('attach a shared object', () => binding.hold(arena.index, offset, stamp, 0));
  return new Block(arena, offset, stamp, bytes, kind);
}

/** The object of a named arena that has just been opened. */
export function attachRoot(arena: Arena, root: number): Block {
  return attachIn(arena, root, binding.blockStamp(arena.index, root));
}
