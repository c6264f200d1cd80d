/** Shorter batches are made larger, longer ones smaller; joblib has the same limits. */
const SHORT_MS = 200;
const LONG_MS = 2000;
const GROWTH_MOST = 2;

/** How many calls the next batch has. */
export class BatchSizes {
  readonly #fixed: number | undefined;
  #size = 1;

  constructor(batchSize: number | 'auto') {
    this.#fixed = batchSize === 'auto' ? undefined : batchSize;
  }

  get next(): number {
    return this.#fixed ?? this.#size;
  }

  /** A batch of so many calls has taken so long. Only one of the size of today says something of it. */
  measured(calls: number, tookMs: number): void {
    if (calls !== this.#size) return;
    if (tookMs < SHORT_MS) this.#size *= GROWTH_MOST;
    else if (tookMs > LONG_MS) this.#size = Math.max(1, Math.floor(calls / 2));
  }
}
