/** How `wait` waits for an object that it knows nothing else of: its class is in a later layer. */
export interface Awaited {
  /** Looks, and does not wait. */
  isReady(): boolean;
  /** Resolves when it may be ready; rejects with the signal's reason. */
  untilReady(signal: AbortSignal): Promise<unknown>;
  /** Readable when it may be ready, if it is not now. */
  readonly descriptor: number;
}

/** An object that says itself how it is waited for. */
export interface AwaitedObject {
  awaited(): Awaited;
}

export function isAwaited(value: unknown): value is AwaitedObject {
  return typeof (value as Partial<AwaitedObject> | null)?.awaited === 'function';
}
