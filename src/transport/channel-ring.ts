import { createNamedArena, familyArena, leaveArena, openNamedArena, publishNamedArena } from '../memory/arena.ts';
import type { Arena } from '../memory/arena.ts';
import { attachBlock, attachRoot } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { checkName } from '../memory/names.ts';
import { checkElementType, elementBytes, elementTypeNumber, elementTypeOf } from '../sharedctypes/typecode.ts';
import type { ElementType } from '../sharedctypes/typecode.ts';
import { ResourceError } from '../support/errors.ts';
import { checkOptions } from '../support/options.ts';
import { SLOT_RING_KIND, SlotRing } from './slot-ring.ts';

export interface FloatChannelOptions<T extends ElementType> {
  /** Messages that may be under way, 1 to 1024; default 4. */
  readonly slots?: number;
  /** Element type; default 'd', doubles. */
  readonly type?: T;
  /** For processes that are no relatives: `FloatChannel.open(name)`. */
  readonly name?: string;
}

const MOST_SLOTS = 1024;
const DEFAULT_SLOTS = 4;
const NAMED_OVERHEAD_BYTES = 1 << 20;

/** Makes the ring of a new channel. */
export function createChannelRing<T extends ElementType>(maxSize: number, options: FloatChannelOptions<T>): SlotRing {
  checkOptions(options, ['slots', 'type', 'name'], 'new FloatChannel()');
  const { slots = DEFAULT_SLOTS, type = 'd', name } = options;
  if (typeof maxSize !== 'number') {
    throw new TypeError(`new FloatChannel(): maxSize must be a number of elements, not ${typeof maxSize}`);
  }
  checkElementType(type, 'new FloatChannel()');
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize * elementBytes(type) > 0x7fffffff) {
    throw new RangeError(
      `new FloatChannel(): maxSize must be a whole number of elements from 1 to 2 GiB, not ${maxSize}`,
    );
  }
  if (typeof slots !== 'number') throw new TypeError(`new FloatChannel(): slots must be a number, not ${typeof slots}`);
  if (!Number.isInteger(slots) || slots < 1 || slots > MOST_SLOTS) {
    throw new RangeError(`new FloatChannel(): slots must be a whole number from 1 to ${MOST_SLOTS}, not ${slots}`);
  }
  const slotBytes = maxSize * elementBytes(type);
  const shape = { slots, capacity: maxSize, slotBytes, elementType: elementTypeNumber(type) };
  if (name === undefined) return SlotRing.create(familyArena(), shape);
  checkName(name, 'new FloatChannel()');
  const arena = createNamedArena(name, slots * (slotBytes + 64) + NAMED_OVERHEAD_BYTES);
  return inNamed(arena, () => {
    const ring = SlotRing.create(arena, shape);
    publishNamedArena(arena, ring.block.offset);
    return ring;
  });
}

/** Opens the ring of a named channel. */
export function openChannelRing(name: string): SlotRing {
  checkName(name, 'FloatChannel.open()');
  const { arena, root } = openNamedArena(name);
  return inNamed(arena, () => ringOf(attachRoot(arena, root)));
}

/** Attaches the ring that a handle names. */
export function attachChannelRing(reference: BlockReference): SlotRing {
  const block = attachBlock(reference);
  return block.arena.name === undefined ? ringOf(block) : inNamed(block.arena, () => ringOf(block));
}

/** Gives back what the functions above have taken. */
export function leaveChannelRing({ block }: SlotRing): void {
  block.release();
  if (block.arena.name !== undefined) leaveArena(block.arena);
}

function ringOf(block: Block): SlotRing {
  if (block.kind === SLOT_RING_KIND) {
    const ring = new SlotRing(block);
    if (elementTypeOf(ring.shape.elementType) !== undefined) return ring;
  }
  block.release();
  throw new ResourceError('The shared object of this name or handle is not a FloatChannel');
}

/** What fails leaves no name behind, and nobody registered. */
function inNamed<R>(arena: Arena, make: () => R): R {
  try {
    return make();
  } catch (error) {
    leaveArena(arena);
    throw error;
  }
}
