/** Who reads an input. */
export interface InputReader {
  /** Whether another item is wanted now. */
  hasRoom(): boolean;
  add(next: IteratorResult<unknown>): void;
  /** The input has failed, or `add` has. */
  fail(error: unknown): void;
}

/** An input that is read as far as there is room: an iterable or an async one. */
export class Input {
  readonly #reader: InputReader;
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #isAsync: boolean;
  #isReading = false;

  constructor(input: Iterable<unknown> | AsyncIterable<unknown>, reader: InputReader) {
    this.#reader = reader;
    this.#isAsync = Symbol.asyncIterator in input;
    this.#source = this.#isAsync
      ? (input as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (input as Iterable<unknown>)[Symbol.iterator]();
  }

  /** Whether it is its own code that runs at this moment: a generator cannot be told anything then. */
  get isRunning(): boolean {
    return !this.#isAsync && this.#isReading;
  }

  /** Takes what there is room for. */
  read(): void {
    if (this.#isReading || !this.#reader.hasRoom()) return;
    if (this.#isAsync) return void this.#readAsync();
    this.#isReading = true;
    try {
      while (this.#reader.hasRoom()) this.#reader.add((this.#source as Iterator<unknown>).next());
    } catch (error) {
      this.#reader.fail(error);
    }
    this.#isReading = false;
  }

  async #readAsync(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#reader.hasRoom()) this.#reader.add(await (this.#source as AsyncIterator<unknown>).next());
    } catch (error) {
      this.#reader.fail(error);
    }
    this.#isReading = false;
  }

  /** Tells it that nothing more is wanted. @throws what it throws then; what an async one rejects with is in the result. */
  close(): unknown {
    return this.#source.return?.();
  }
}
