import { decode, modulesOf } from '../reduction/codec.ts';
import { resolveModules } from '../reduction/module-table.ts';
import { SerializationError } from '../support/errors.ts';
import { PARCEL_START } from '../transport/records.ts';
import { FUNCTION_PLACES } from './pool-channel.ts';
import type { PoolChannel } from './pool-channel.ts';

/** The functions that a worker has made of what the owner has published: each is made once, and then known by its number. */
export class KnownFunctions {
  readonly #channel: PoolChannel;
  readonly #known: ({ readonly number: number; readonly value: unknown } | undefined)[] = [];

  constructor(channel: PoolChannel) {
    this.#channel = channel;
  }

  /** A function, if it is known already. */
  at(number: number): unknown {
    const entry = this.#known[number % FUNCTION_PLACES];
    return entry?.number === number ? entry.value : undefined;
  }

  /** @throws SerializationError when it cannot be made here; whatever a module throws that is imported for it. */
  async make(number: number): Promise<unknown> {
    using block = this.#channel.functionBlock(number);
    if (block === undefined) throw new SerializationError(`The pool has no function ${number} any more.`);
    const bytes = block.bytes.slice(PARCEL_START);
    await resolveModules(modulesOf(bytes));
    const value = decode(bytes, { code: true });
    this.#known[number % FUNCTION_PLACES] = { number, value };
    return value;
  }
}
