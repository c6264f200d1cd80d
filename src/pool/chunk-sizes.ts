/** What a chunk is to take: long against the microseconds that a message takes, short against a map. */
const TARGET_US = 4000;
/** A first chunk runs code that is not compiled yet: what it says of the next is not taken at its word. */
const GROWTH_MOST = 16;
const CHUNKS_PER_WORKER = 4;
/** Each worker has one chunk in hand and one to take next. */
const AHEAD_LEAST = 2;
const AHEAD_MOST = 16;
const AHEAD_US = 1000;

/** Chunks that are to be under way for each worker: more than `least` when those are done before the owner wakes. */
export function chunksAhead(chunkUs: number, least: number): number {
  return Math.max(least, Math.min(AHEAD_MOST, Math.ceil(AHEAD_US / chunkUs)));
}

/**
 * How many items the next chunk of a map has: as many as take some ms by what the last one took, but never so many that a
 * worker would be left without work while others have some.
 */
export class ChunkSizes {
  readonly #most: number;
  readonly #fixed: number | undefined;
  #size = 1;
  #itemUs: number | undefined;

  /** @param itemUs what an item has taken in an earlier map of the same function, if there was one */
  constructor(items: number, workers: number, fixed: number | undefined, itemUs: number | undefined) {
    this.#most = Math.max(1, Math.ceil(items / (CHUNKS_PER_WORKER * workers)));
    this.#fixed = fixed;
    this.#itemUs = itemUs;
    if (itemUs !== undefined) this.#size = Math.max(1, Math.min(this.#most, Math.floor(TARGET_US / itemUs)));
  }

  /** Chunks that are to be under way for each worker. */
  get ahead(): number {
    return chunksAhead((this.#itemUs ?? Infinity) * (this.#fixed ?? this.#size), AHEAD_LEAST);
  }

  /** What an item takes, as far as it is known. */
  get itemUs(): number | undefined {
    return this.#itemUs;
  }

  next(left: number): number {
    return Math.min(left, this.#fixed ?? this.#size);
  }

  /** A chunk of so many items has taken so long. */
  measured(items: number, microseconds: number): void {
    this.#itemUs = Math.max(1, microseconds) / items;
    const fitting = Math.floor(TARGET_US / this.#itemUs);
    // Chunks of earlier sizes are still under way: what they say must not take back what later ones have said.
    const reachable = Math.max(this.#size, items * GROWTH_MOST);
    this.#size = Math.max(1, Math.min(this.#most, reachable, fitting));
  }
}
