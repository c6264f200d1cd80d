import type { BlockId } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import type { AnyFunction } from '../reduction/reference.ts';
import { referenceOf } from '../reduction/references.ts';
import { packApart } from '../transport/parcels.ts';
import { PARCEL_START } from '../transport/records.ts';
import { FUNCTION_PLACES } from './pool-channel.ts';
import type { PoolChannel } from './pool-channel.ts';

/**
 * A function as the workers get it: encoded once, and then named by a number.
 *
 *     encoded --place--> placed --its place is needed, nothing uses it--> gone
 */
export interface PublishedFunction {
  readonly name: string;
  readonly bytes: Buffer;
  readonly id: BlockId;
  /** Until it is placed: then the pool's block holds it. */
  block: Block | undefined;
  /** While it is placed. */
  number: number | undefined;
  /** Tasks that are to call it, and maps. */
  uses: number;
  /** What a call took in the latest chunk of a map, in microseconds. */
  itemUs: number | undefined;
}

/** The functions that tasks of a pool call. */
export class PublishedFunctions {
  readonly #channel: PoolChannel;
  readonly #places: (PublishedFunction | undefined)[] = Array.from({ length: FUNCTION_PLACES });
  readonly #latest = new WeakMap<AnyFunction, PublishedFunction>();
  #next = 0;

  constructor(channel: PoolChannel) {
    this.#channel = channel;
  }

  /**
   * The function as it is now, for one more task. What the workers import is always the same; what travels by value is read
   * anew each time, so that a variable that has changed travels changed.
   * @throws SerializationError when it cannot travel; ResourceError.
   */
  use(fn: AnyFunction): PublishedFunction {
    const latest = this.#latest.get(fn);
    const known = latest?.block === undefined && latest?.number === undefined ? undefined : latest;
    if (known !== undefined && referenceOf(fn) !== undefined) return usedOnceMore(known);
    const encoded = this.#encode(fn, `the function '${fn.name}'`, fn.name);
    if (known !== undefined && known.bytes.equals(encoded.bytes)) {
      encoded.block?.release();
      return usedOnceMore(known);
    }
    this.#latest.set(fn, encoded);
    return usedOnceMore(encoded);
  }

  /** A value that every worker reads at its start; it stays. @throws SerializationError */
  publishValue(value: unknown, what: string): number {
    const published = usedOnceMore(this.#encode(value, what, what));
    this.place(published);
    return published.number as number;
  }

  /** Has it known to the workers; false while too many others are in use. */
  place(published: PublishedFunction): boolean {
    if (published.number !== undefined) return true;
    for (let tries = 0; tries < FUNCTION_PLACES; tries++) {
      const number = this.#next++ & 0x7fffffff;
      const place = number % FUNCTION_PLACES;
      const before = this.#places[place];
      if (before !== undefined && before.uses > 0) continue;
      if (before !== undefined) this.#withdraw(before);
      this.#channel.publish(number, published.id);
      this.#places[place] = published;
      published.number = number;
      giveUp(published);
      return true;
    }
    return false;
  }

  /** To be called once for each `use`. */
  done(published: PublishedFunction): void {
    published.uses -= 1;
    if (published.uses === 0) giveUp(published);
  }

  #withdraw(published: PublishedFunction): void {
    this.#channel.withdraw(published.id);
    published.number = undefined;
  }

  #encode(value: unknown, what: string, name: string): PublishedFunction {
    const block = packApart(this.#channel.arena, value, what);
    const { offset, stamp } = block;
    const bytes = Buffer.alloc(block.byteLength - PARCEL_START);
    block.copyTo(bytes, PARCEL_START);
    return {
      name: name || '(anonymous)',
      bytes,
      id: { offset, stamp },
      block,
      number: undefined,
      uses: 0,
      itemUs: undefined,
    };
  }
}

function usedOnceMore(published: PublishedFunction): PublishedFunction {
  published.uses += 1;
  return published;
}

/** Either the pool's block holds it by now, or nobody wants it any more. */
function giveUp(published: PublishedFunction): void {
  published.block?.release();
  published.block = undefined;
}
