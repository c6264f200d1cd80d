import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Holdable } from './holdable.ts';
import { Lane } from './lane.ts';
import { MOST_PERMITS, Permits } from './permits.ts';
import type { PermitsShape } from './permits.ts';
import { createPrimitiveBlock } from './primitive.ts';
import type { PrimitiveOptions } from './primitive.ts';
import { TIMED_OUT } from './wait-point.ts';
import type { Wait } from './wait-point.ts';
import { waitAsync, waitSync } from './waitable.ts';

const SEMAPHORE = { kind: 0x53454d41, title: 'Semaphore' };
const BOUNDED = { kind: 0x53454d42, title: 'BoundedSemaphore' };

export interface SemaphoreOptions extends PrimitiveOptions {
  /**
   * Permits are handed from process to process, and belong to nobody: none comes back when a process ends. Default false:
   * so it is from the first release by a process that holds no permit.
   */
  readonly handOff?: boolean;
}

/** What both kinds of semaphores do. */
abstract class PermitHolder extends Holdable {
  readonly #permits: Permits;
  readonly #lane: Lane;
  #acquiredHere = 0;

  protected constructor(block: Block, kind: ObjectKind) {
    super(block, kind);
    this.#permits = new Permits(block);
    this.#lane = new Lane(block.arena);
  }

  /** Permits that are free now. */
  get value(): number {
    this.checkOpen();
    return this.#permits.free;
  }

  /** Whether an acquisition would have to wait now. */
  get locked(): boolean {
    return this.value === 0;
  }

  /** True when the permit acquired last here was left by a holder that died: what it stands for may be half-changed. */
  get abandoned(): boolean {
    this.checkOpen();
    return this.#permits.abandoned;
  }

  override async acquire(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'acquire()');
    this.checkOpen();
    return (await waitAsync(this.#attempt, wait, this.#lane)) !== TIMED_OUT;
  }

  override acquireSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'acquireSync()', SYNC_WAIT_KEYS);
    this.checkOpen();
    return waitSync(this.#attempt, wait) !== TIMED_OUT;
  }

  override tryAcquire(): boolean {
    this.checkOpen();
    return this.#attempt() === true || (!this.locked && this.#attempt() === true);
  }

  /**
   * Gives a permit back, or a new one to whoever waits for it.
   * @throws StateError when a BoundedSemaphore would have more than at its beginning.
   */
  override release(): void {
    this.checkOpen();
    this.#permits.release();
    this.#acquiredHere = Math.max(0, this.#acquiredHere - 1);
  }

  protected override letGo(): void {
    while (this.#acquiredHere-- > 0 && this.#permits.mine > 0) this.#permits.release();
  }

  readonly #attempt = (): true | Wait => {
    this.checkOpen();
    const blocked = this.#permits.acquire();
    if (blocked !== undefined) return blocked;
    this.#acquiredHere++;
    return true;
  };

  protected describe(): string {
    return this.print(() => {
      const { free, limit, isSignal } = this.#permits;
      return isSignal ? `${free} free` : `${free} of ${limit} free`;
    });
  }
}

/**
 * A number of permits, shared by processes, threads and asynchronous flows.
 *
 * A permit belongs to the process (or worker thread) that has acquired it, and comes back when that ends. Once somebody
 * releases a permit without holding one, as producers and consumers do, the semaphore is a signal: permits belong to nobody.
 * Python: `multiprocessing.Semaphore`, from which the permits of the dead are lost.
 *
 * @example
 * const downloads = new Semaphore(4);
 * await downloads.with(() => download(url));
 */
export class Semaphore extends PermitHolder {
  static {
    printAs(Semaphore, (semaphore) => semaphore.describe());
  }

  /**
   * @param value permits that are free at the beginning, 0 to 2³¹ − 1; default 1
   * @throws RangeError for another value, ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(value?: number, options?: SemaphoreOptions);
  constructor(value = 1, options: SemaphoreOptions = {}, block: Block = createSemaphore(value, options, SEMAPHORE)) {
    super(block, SEMAPHORE);
  }

  /**
   * Opens the semaphore that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): Semaphore {
    return Semaphore.#of(openObject(name, SEMAPHORE));
  }

  /** For handles: the semaphore of a block. */
  static attach(reference: BlockReference): Semaphore {
    return Semaphore.#of(attachObject(reference, SEMAPHORE));
  }

  static #of(block: Block): Semaphore {
    return new (Semaphore as unknown as new (value: number, options: object, block: Block) => Semaphore)(0, {}, block);
  }
}

/**
 * A semaphore that never has more permits than at its beginning: a release too many is an error.
 * Python: `multiprocessing.BoundedSemaphore`.
 */
export class BoundedSemaphore extends PermitHolder {
  static {
    printAs(BoundedSemaphore, (semaphore) => semaphore.describe());
  }

  /**
   * @param value permits, all free at the beginning, 0 to 2³¹ − 1; default 1
   * @throws RangeError for another value, ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(value?: number, options?: SemaphoreOptions);
  constructor(value = 1, options: SemaphoreOptions = {}, block: Block = createSemaphore(value, options, BOUNDED)) {
    super(block, BOUNDED);
  }

  /**
   * Opens the semaphore that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): BoundedSemaphore {
    return BoundedSemaphore.#of(openObject(name, BOUNDED));
  }

  /** For handles: the semaphore of a block. */
  static attach(reference: BlockReference): BoundedSemaphore {
    return BoundedSemaphore.#of(attachObject(reference, BOUNDED));
  }

  static #of(block: Block): BoundedSemaphore {
    return new (BoundedSemaphore as unknown as new (value: number, options: object, block: Block) => BoundedSemaphore)(
      0,
      {},
      block,
    );
  }
}

function createSemaphore(value: number, options: SemaphoreOptions, { kind, title }: ObjectKind): Block {
  const where = `new ${title}()`;
  checkOptions(options, ['name', 'handOff'], where);
  if (typeof value !== 'number') throw new TypeError(`${where}: the value must be a number, not ${typeof value}`);
  if (!Number.isInteger(value) || value < 0 || value > MOST_PERMITS) {
    throw new RangeError(`${where}: the value must be a whole number from 0 to ${MOST_PERMITS}, not ${value}`);
  }
  const { handOff = false } = options;
  if (typeof handOff !== 'boolean') {
    throw new TypeError(`${where}: handOff must be true or false, not ${typeof handOff}`);
  }
  const shape: PermitsShape = { limit: value, bounded: kind === BOUNDED.kind, handOff };
  return createPrimitiveBlock({ kind, title }, Permits.bytes(shape), options.name, (words) =>
    Permits.initialize(words, shape),
  );
}

registerShareable(Semaphore, {
  tag: 'semaphore',
  module: import.meta.url,
  share: (semaphore) => semaphore.share(),
  attach: (reference: BlockReference) => Semaphore.attach(reference),
});

registerShareable(BoundedSemaphore, {
  tag: 'bounded-semaphore',
  module: import.meta.url,
  share: (semaphore) => semaphore.share(),
  attach: (reference: BlockReference) => BoundedSemaphore.attach(reference),
});
