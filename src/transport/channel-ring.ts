import type { Arena } from '../memory/arena.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, createObject, leaveObject, openObject } from '../memory/shared-object.ts';
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
const KIND = { kind: SLOT_RING_KIND, title: 'FloatChannel' };

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
  const make = (arena: Arena): Block => SlotRing.create(arena, shape).block;
  return new SlotRing(createObject(name, slots * (slotBytes + 64), 'new FloatChannel()', make));
}

/** Opens the ring of a named channel. */
export function openChannelRing(name: string): SlotRing {
  return ringOf(openObject(name, KIND));
}

/** Attaches the ring that a handle names. */
export function attachChannelRing(reference: BlockReference): SlotRing {
  return ringOf(attachObject(reference, KIND));
}

/** Gives back what the functions above have taken. */
export function leaveChannelRing({ block }: SlotRing): void {
  leaveObject(block);
}

function ringOf(block: Block): SlotRing {
  const ring = new SlotRing(block);
  if (elementTypeOf(ring.shape.elementType) !== undefined) return ring;
  leaveObject(block);
  throw new ResourceError('The shared object of this name or handle is a FloatChannel of an unknown element type');
}
