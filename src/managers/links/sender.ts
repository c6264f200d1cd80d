import type { Connection } from '../../transport/connection.ts';

/** Sends messages of one or two parts, which nothing comes between. */
export class Sender {
  readonly #connection: Connection;
  /** While there is no room. */
  #queue: Promise<void> | undefined;
  #waiting = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Sends at once if there is room; else when there is, after what came before.
   * @throws SerializationError, before anything was sent, when the first part cannot travel; the second always can
   */
  send(parts: readonly unknown[]): Promise<void> | undefined {
    if (this.#queue !== undefined) return this.#enqueue(parts);
    for (const [i, part] of parts.entries()) {
      if (!this.#connection.trySend(part)) return this.#enqueue(parts.slice(i));
    }
    return undefined;
  }

  #enqueue(parts: readonly unknown[]): Promise<void> {
    this.#waiting += 1;
    const sending = this.#sendAll(this.#queue, parts);
    this.#queue = sending;
    return sending;
  }

  async #sendAll(before: Promise<void> | undefined, parts: readonly unknown[]): Promise<void> {
    try {
      // Who waits for what came before is told by it.
      await before?.catch(() => {});
      for (const part of parts) await this.#connection.send(part);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#queue = undefined;
    }
  }
}
