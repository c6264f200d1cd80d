/** What a chunk is to take: long against the microseconds that a message takes, short against a map. */
const TARGET_US = 4000;
/** A first chunk runs code that is not compiled yet: what it says of the next is not taken at its word. */
const GROWTH_MOST = 16;
const CHUNKS_PER_WORKER = 4;

/**
 * How many items the next chunk of a map has: as many as take some ms by what the last one took, but never so many that a
 * worker would be left without work while others have some.
 */
export class ChunkSizes {
  readonly #most: number;
  readonly #fixed: number | undefined;
  #size = 1;

  constructor(items: number, workers: number, fixed: number | undefined) {
    this.#most = Math.max(1, Math.ceil(items / (CHUNKS_PER_WORKER * workers)));
    this.#fixed = fixed;
  }

  next(left: number): number {
    return Math.min(left, this.#fixed ?? this.#size);
  }

  /** A chunk of so many items has taken so long. */
  measured(items: number, microseconds: number): void {
    const fitting = Math.floor((TARGET_US * items) / Math.max(1, microseconds));
    // Chunks of earlier sizes are still under way: what they say must not take back what later ones have said.
    const reachable = Math.max(this.#size, items * GROWTH_MOST);
    this.#size = Math.max(1, Math.min(this.#most, reachable, fitting));
  }
}
