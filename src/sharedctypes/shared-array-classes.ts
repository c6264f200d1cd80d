import { attachObject } from '../memory/shared-object.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { WITH_RLOCK } from '../synchronize/lock.ts';
import type { Lock, RLock } from '../synchronize/lock.ts';
import { viewArray } from './array-init.ts';
import { LockForms } from './lock-forms.ts';
import type { Synchronized } from './lock-forms.ts';
import { shareOwnBuffer } from './shared-buffer.ts';
import { bytesOfType } from './shared-type.ts';
import type { ArrayFor, SharedType } from './shared-type.ts';
import { StructArray } from './struct-array.ts';
import type { Struct } from './struct.ts';
import { elementClass, elementTypes } from './typecode.ts';
import type { ElementType } from './typecode.ts';
import { BEHIND_LOCK, ValueLock } from './value-lock.ts';

export const ARRAY_KIND: number = WITH_RLOCK | 0x41;
const KIND = { kind: ARRAY_KIND, title: 'SharedArray' };

/** What a shared array has besides its elements. */
export interface WithLock<T extends SharedType> extends Synchronized {
  /** The same elements without a lock, as `RawArray` gives them; close() empties them, too. */
  getObj(): ArrayFor<T>;
}

/** A typed array, or an array of structs, in shared memory with a lock. */
export type SharedArrayOf<T extends SharedType> = ArrayFor<T> & WithLock<T>;

/** What travels of an array. */
interface Shared {
  readonly type: SharedType;
  readonly block: BlockReference;
  readonly lock: Lock | RLock | undefined;
}

/** What an array knows of its memory. */
class Origin {
  readonly type: SharedType;
  readonly block: Block;
  readonly lock: ValueLock;

  constructor(type: SharedType, block: Block, given: Lock | RLock | undefined) {
    this.type = type;
    this.block = block;
    this.lock = new ValueLock(block, given, KIND.title);
  }

  get length(): number {
    return (this.block.byteLength - BEHIND_LOCK) / bytesOfType(this.type);
  }

  close(): void {
    if (this.lock.close()) this.block.detach();
  }

  share(): Shared {
    this.lock.checkOpen();
    return { type: this.type, block: this.block.reference(), lock: this.lock.given };
  }

  plain(): object {
    this.lock.checkOpen();
    return viewArray(this.type, this.block.buffer, BEHIND_LOCK, this.length) as object;
  }
}

type ArrayClass = abstract new (origin: Origin) => object;

/** The lock's forms; a typed array has a `with` of its own, `with(index, value)`, that goes on working. */
function addLockForms(Class: ArrayClass, elementWith: ((...args: never[]) => unknown) | undefined): void {
  const { constructor: _, ...forms } = Object.getOwnPropertyDescriptors(LockForms.prototype) as PropertyDescriptorMap;
  const lockWith = forms['with']?.value as (...args: unknown[]) => unknown;
  Object.defineProperties(Class.prototype, forms);
  if (elementWith === undefined) return;
  Object.defineProperty(Class.prototype, 'with', {
    ...forms['with'],
    value(this: object, first: unknown, ...rest: unknown[]): unknown {
      return Reflect.apply(typeof first === 'number' ? elementWith : lockWith, this, [first, ...rest]);
    },
  });
}

type TypedArrayClass = Uint8ArrayConstructor;
const byBase = new Map<TypedArrayClass, new (origin: Origin) => object>();

/** One class per class of typed arrays. They differ in the base only, which is why one type stands for all here. */
function addClass(Base: TypedArrayClass): void {
  class SharedTypedArray extends Base {
    static get [Symbol.species](): TypedArrayClass {
      return Base;
    }

    readonly #origin: Origin;

    constructor(origin: Origin) {
      super(origin.block.buffer, BEHIND_LOCK, origin.length);
      this.#origin = origin;
    }

    getLock(): Lock | RLock {
      return this.#origin.lock.get();
    }

    getObj(): object {
      return this.#origin.plain();
    }

    close(): void {
      this.#origin.close();
    }

    static share(array: SharedTypedArray): Shared {
      return array.#origin.share();
    }
  }
  Object.defineProperty(SharedTypedArray, 'name', { value: `Shared${Base.name}` });
  addLockForms(SharedTypedArray, Base.prototype.with);
  byBase.set(Base, SharedTypedArray);
  registerShareable(SharedTypedArray, {
    tag: `shared-${Base.name.toLowerCase()}`,
    module: import.meta.url,
    share: (array) => SharedTypedArray.share(array),
    attach: (shared: Shared) => attach(shared) as SharedTypedArray,
  });
}

class SharedStructArray extends StructArray<object> {
  readonly #origin: Origin;

  constructor(origin: Origin) {
    super(origin.type as Struct, origin.block.buffer, BEHIND_LOCK, origin.length);
    this.#origin = origin;
  }

  /** None after close(), like a typed array. */
  override get length(): number {
    return this.#origin.lock.isOpen ? super.length : 0;
  }

  getLock(): Lock | RLock {
    return this.#origin.lock.get();
  }

  getObj(): object {
    return this.#origin.plain();
  }

  close(): void {
    this.#origin.close();
  }

  share(): Shared {
    return this.#origin.share();
  }
}

for (const type of elementTypes()) {
  const Base = baseOf(type);
  if (!byBase.has(Base)) addClass(Base);
}
addLockForms(SharedStructArray, undefined);
registerShareable(SharedStructArray, {
  tag: 'shared-struct-array',
  module: import.meta.url,
  share: (array) => array.share(),
  attach: (shared: Shared) => attach(shared) as SharedStructArray,
});

/**
 * The array of a block: `BEHIND_LOCK` bytes for the lock, then the elements.
 * @param given a lock of the user's instead of the one in the block
 */
export function sharedArrayOf<T extends SharedType>(
  type: T,
  block: Block,
  given: Lock | RLock | undefined,
): SharedArrayOf<T> {
  shareOwnBuffer(block);
  const origin = new Origin(type, block, given);
  const Class = typeof type === 'string' ? byBase.get(baseOf(type)) : SharedStructArray;
  return new (Class as new (origin: Origin) => object)(origin) as SharedArrayOf<T>;
}

function baseOf(type: ElementType): TypedArrayClass {
  return elementClass(type) as unknown as TypedArrayClass;
}

function attach({ type, block, lock }: Shared): object {
  return sharedArrayOf(type, attachObject(block, KIND), lock);
}
