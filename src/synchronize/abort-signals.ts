interface Watched<W> {
  readonly waits: Set<W>;
  readonly listener: () => void;
}

/** Which waits end with which signal: one listener per signal, however many waits share it. */
export class AbortSignals<W> {
  readonly #watched = new Map<AbortSignal, Watched<W>>();
  readonly #onAbort: (wait: W, signal: AbortSignal) => void;

  constructor(onAbort: (wait: W, signal: AbortSignal) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal, wait: W): void {
    let watched = this.#watched.get(signal);
    if (watched === undefined) {
      const waits = new Set<W>();
      const listener = (): void => {
        for (const each of waits) this.#onAbort(each, signal);
      };
      this.#watched.set(signal, (watched = { waits, listener }));
      signal.addEventListener('abort', listener);
    }
    watched.waits.add(wait);
  }

  delete(signal: AbortSignal, wait: W): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined || !watched.waits.delete(wait) || watched.waits.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }
}
