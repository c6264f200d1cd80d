import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { arenaOf } from './arena.ts';
import type { Arena, ArenaReference } from './arena.ts';
import { bytesOf, wordsOf } from './words.ts';
import type { Words } from './words.ts';

/** Where a block is, in an arena that is known. */
export interface BlockPlace {
  readonly offset: number;
  readonly stamp: number;
}

/** How another process finds a block. The stamp tells a block from a later one at the same place. */
export interface BlockReference extends ArenaReference {
  readonly offset: number;
  readonly stamp: number;
  /** In which role it is held (native/core/layout.h), such as an end of a pipe: 1 to 15, or none. */
  readonly role?: number;
}

/** What this environment holds, per arena: one hold in shared memory stands for all its objects on a place. */
const held = new WeakMap<Arena, Map<number, number>>();

function countsOf(arena: Arena): Map<number, number> {
  let counts = held.get(arena);
  if (counts === undefined) held.set(arena, (counts = new Map<number, number>()));
  return counts;
}

function retain(arena: Arena, place: number): void {
  const counts = countsOf(arena);
  counts.set(place, (counts.get(place) ?? 0) + 1);
}

function letGo(arena: Arena, place: number): void {
  const counts = countsOf(arena);
  const count = counts.get(place);
  if (count === undefined) return;
  if (count > 1) {
    counts.set(place, count - 1);
    return;
  }
  counts.delete(place);
  binding.drop(arena.index, place);
}

interface Backstop {
  readonly arena: Arena;
  readonly place: number;
}

// `release` is the way; this is for blocks that were forgotten.
const forgotten = new FinalizationRegistry<Backstop>(({ arena, place }) => letGo(arena, place));

/** A block of shared memory that this environment holds. It lives as long as anybody holds it. */
export class Block implements Disposable {
  readonly arena: Arena;
  readonly offset: number;
  readonly stamp: number;
  readonly byteLength: number;
  /** What its owner says it is; 0 = plain bytes. */
  readonly kind: number;
  /** In which role it is held; 0 = none. */
  readonly role: number;
  #buffer: ArrayBuffer | undefined;
  #released = false;

  /** For `allocate` and `attachBlock`, which have taken the hold. */
  constructor(arena: Arena, offset: number, stamp: number, byteLength: number, kind: number, role = 0) {
    this.arena = arena;
    this.offset = offset;
    this.stamp = stamp;
    this.byteLength = byteLength;
    this.kind = kind;
    this.role = role;
    retain(arena, this.place);
    forgotten.register(this, { arena, place: this.place }, this);
  }

  /** What is held: the block, in its role. Blocks begin at multiples of 16. */
  get place(): number {
    return this.offset + this.role;
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

  /** Copies bytes into it. No view is made for it: the collector counts those as if the memory were theirs. */
  fill(bytes: Uint8Array, at = 0): void {
    if (at + bytes.byteLength > this.byteLength) throw new RangeError('The bytes end behind the block');
    binding.copyIn(this.arena.index, this.offset + at, bytes);
  }

  /** Fills `target` with the bytes from `at` on. */
  copyTo(target: Uint8Array, at = 0): void {
    if (at + target.byteLength > this.byteLength) throw new RangeError('The bytes asked for end behind the block');
    binding.copyOut(this.arena.index, this.offset + at, target);
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
    if (collected !== false) {
      collected ??= new Set<Block>();
      collected.add(this);
    }
    const { offset, stamp, role } = this;
    return { ...this.arena.reference(), offset, stamp, ...(role === 0 ? {} : { role }) };
  }

  /** Gives the hold back. Views that are still around stay readable, but their memory may be used anew. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    forgotten.unregister(this);
    letGo(this.arena, this.place);
  }

  /** Gives the hold back, and the views with it: all over this block's buffer are empty from now on. */
  detach(): void {
    // Where views cannot be ended, the hold goes with the last of them.
    if (this.#buffer === undefined || binding.detach(this.#buffer)) this.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** The blocks that are referred to while somebody collects them; `false` while nobody does, and made with the first. */
let collected: Set<Block> | undefined | false = false;

/**
 * From here to `endCollection` the blocks are collected that are referred to: all that a message leads to, while it is
 * written. Costs nothing when there are none.
 * @returns what `endCollection` takes
 */
export function beginCollection(): Set<Block> | undefined | false {
  const outer = collected;
  collected = undefined;
  return outer;
}

export function endCollection(outer: Set<Block> | undefined | false): readonly Block[] {
  const blocks = collected || NO_BLOCKS;
  collected = outer;
  return blocks === NO_BLOCKS ? NO_BLOCKS : [...blocks];
}
const NO_BLOCKS: readonly Block[] = [];

/** Runs a function and gives the blocks that it has referred to. */
export function collectReferences<R>(run: () => R): { readonly result: R; readonly blocks: readonly Block[] } {
  const outer = beginCollection();
  let blocks = NO_BLOCKS;
  let result: R;
  try {
    result = run();
  } finally {
    blocks = endCollection(outer);
  }
  return { result, blocks };
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
    binding.allocate(arena.index, bytes, kind),
  );
  return new Block(arena, offset, stamp, bytes, kind);
}

/**
 * Holds the block that another process has referred to.
 * @throws ResourceError when it has gone in the meantime.
 */
export function attachBlock(reference: BlockReference): Block {
  return attachIn(arenaOf(reference), reference);
}

/** Holds a block in a role, besides the hold that there is: as long as anybody does, the role is not vacated. */
export function holdInRole(block: Block, role: number): Block {
  return attachIn(block.arena, { offset: block.offset, stamp: block.stamp, role });
}

/** The same, for what is sure to be in this arena. */
export function attachIn(arena: Arena, { offset, stamp, role = 0 }: Omit<BlockReference, keyof ArenaReference>): Block {
  const [bytes, kind] = attempt('attach a shared object', () => binding.hold(arena.index, offset + role, stamp));
  return new Block(arena, offset, stamp, bytes, kind, role);
}

/** The object of a named arena that has just been opened. */
export function attachRoot(arena: Arena, root: number): Block {
  return attachIn(arena, { offset: root, stamp: binding.blockStamp(arena.index, root) });
}
