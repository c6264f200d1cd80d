import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { loadHeld, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Holdable } from './holdable.ts';
import { Lane } from './lane.ts';
import { OwnerLock } from './owner-lock.ts';
import { createPrimitive } from './primitive.ts';
import type { PrimitiveOptions } from './primitive.ts';
import { TIMED_OUT } from './wait-point.ts';
import type { Wait } from './wait-point.ts';
import { waitAsync, waitSync } from './waitable.ts';

const LOCK = { kind: 0x4c434b00, title: 'Lock' };
const RLOCK = { kind: 0x524c4b00, title: 'RLock' };
/** The kinds of blocks that begin with a Lock; the last byte tells them apart. */
export const WITH_LOCK: number = LOCK.kind;
/** The kinds of blocks that begin with an RLock. */
export const WITH_RLOCK: number = RLOCK.kind;
const BEGINNING = 0xffffff00;
const BYTES = 64;
const DEPTH = 8;

/** How often a lock was held when it was given up for a while. */
export interface Holds {
  readonly depth: number;
  /** By this object. */
  readonly here: number;
}

/**
 * The block of a lock, one cache line:
 *
 *     byte 0   owner lock: [ WAITERS : 1 | owner : 31 ] and its wait point     (owner-lock.ts has the states)
 *          32  depth: how often an RLock is held                               (the owner)
 *
 * The owner is an environment - a process or a worker thread -, not one of its asynchronous flows.
 * Crash rule: a dead owner's lock goes to the next who wants it, with `abandoned` set and depth 1.
 */
export abstract class OwnedLock extends Holdable {
  protected readonly words: Words;
  protected readonly lock: OwnerLock;
  readonly #title: string;
  readonly #lane: Lane;

  protected constructor(block: Block, kind: ObjectKind) {
    super(block, kind);
    this.words = block.words;
    this.lock = new OwnerLock(block, this.words, 0);
    this.#title = kind.title;
    this.#lane = new Lane(block.arena);
  }

  protected abstract readonly attempt: () => true | Wait;

  /** Whether anybody holds it now. */
  get locked(): boolean {
    this.checkOpen();
    return this.lock.isHeld();
  }

  /** Whether this environment holds it. */
  get isMine(): boolean {
    this.checkOpen();
    return this.lock.isMine;
  }

  /** True for a holder that got it because its previous owner died: what it protects may be half-changed. */
  get abandoned(): boolean {
    this.checkOpen();
    return this.lock.isMine && this.lock.abandoned;
  }

  override async acquire(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'acquire()');
    this.checkOpen();
    return (await waitAsync(this.attempt, wait, this.#lane)) !== TIMED_OUT;
  }

  /** @throws StateError when only this thread itself could release it. */
  override acquireSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'acquireSync()', SYNC_WAIT_KEYS);
    this.checkOpen();
    this.lock.giveWay();
    return waitSync(this.attempt, wait) !== TIMED_OUT;
  }

  override tryAcquire(): boolean {
    this.checkOpen();
    // Nobody else may have noticed the death of the holder, and a loop of tries must end some time.
    return this.attempt() === true || (!this.lock.isHeld() && this.attempt() === true);
  }

  /** For conditions: gives it up, however often it is held; `restore` takes the result after the next acquisition. */
  abstract leaveAll(where: string): Holds;
  abstract restore(holds: Holds): void;

  /** @throws StateError when this environment does not hold it. */
  checkMine(where: string): void {
    this.checkOpen();
    if (!this.lock.isMine) throw this.notMine(where);
  }

  protected notMine(where: string): StateError {
    const { owner } = this.lock;
    return new StateError(
      `${where}: this process does not hold the ${this.#title}; ${owner === 0 ? 'nobody does' : `it is held by ${this.#nameOf(owner)}`}`,
    );
  }

  protected describe(): string {
    return this.print(() => {
      const { owner } = this.lock;
      if (owner === 0) return 'free';
      const depth = loadHeld(this.words, DEPTH);
      return `held${depth > 1 ? ` ${depth} times` : ''} by: ${this.#nameOf(owner)}`;
    });
  }

  #nameOf(owner: number): string {
    const participant = this.block.arena.participants().find(({ id }) => id === owner);
    return participant === undefined ? 'a process that has died' : `${participant.name} (pid ${participant.pid})`;
  }
}

/**
 * Mutual exclusion between processes, threads and asynchronous flows; it survives the death of its holder.
 *
 * Not recursive: whoever acquires it twice waits for itself (two asynchronous flows of one process contend like two
 * processes). Only the environment that holds it may release it.
 * Python: `multiprocessing.Lock`, which anybody may release, and which a dead holder keeps for ever.
 *
 * @example
 * const lock = new Lock();
 * await lock.with(() => balance.value += 1);
 */
export class Lock extends OwnedLock {
  static {
    printAs(Lock, (lock) => lock.describe());
  }

  #acquiredHere = false;

  /** @throws ResourceError when the shared memory is full, or the name is taken. */
  constructor(options?: PrimitiveOptions);
  constructor(options: PrimitiveOptions = {}, block: Block = createPrimitive(LOCK, BYTES, options)) {
    super(block, LOCK);
  }

  /**
   * Opens the lock that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): Lock {
    return Lock.#of(openObject(name, LOCK));
  }

  /** For handles: the lock of a block. */
  static attach(reference: BlockReference): Lock {
    return Lock.#of(attachObject(reference, { ...LOCK, mask: BEGINNING }));
  }

  static #of(block: Block): Lock {
    return new (Lock as unknown as new (options: object, block: Block) => Lock)({}, block);
  }

  /** @throws StateError when this environment does not hold it. */
  override release(): void {
    this.checkOpen();
    if (!this.lock.release()) throw this.notMine('release()');
    this.#acquiredHere = false;
  }

  protected override readonly attempt = (): true | Wait => {
    this.checkOpen();
    const blocked = this.lock.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('lock.acquired');
    this.#acquiredHere = true;
    return true;
  };

  override leaveAll(where: string): Holds {
    this.checkMine(where);
    const here = this.#acquiredHere ? 1 : 0;
    this.release();
    return { depth: 1, here };
  }

  override restore({ here }: Holds): void {
    this.#acquiredHere = here > 0;
  }

  protected override letGo(): void {
    if (this.#acquiredHere && this.lock.isMine) this.lock.release();
  }
}

/**
 * A lock that its holder may acquire again: it is free after as many releases. It belongs to the environment, so the
 * asynchronous flows of one process all hold it together; use `Lock` between flows.
 */
export class RLock extends OwnedLock {
  static {
    printAs(RLock, (lock) => lock.describe());
  }

  #depthHere = 0;

  /** @throws ResourceError when the shared memory is full, or the name is taken. */
  constructor(options?: PrimitiveOptions);
  constructor(options: PrimitiveOptions = {}, block: Block = createPrimitive(RLOCK, BYTES, options)) {
    super(block, RLOCK);
  }

  /**
   * Opens the lock that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): RLock {
    return RLock.#of(openObject(name, RLOCK));
  }

  /** For handles: the lock of a block. */
  static attach(reference: BlockReference): RLock {
    return RLock.#of(attachObject(reference, { ...RLOCK, mask: BEGINNING }));
  }

  static #of(block: Block): RLock {
    return new (RLock as unknown as new (options: object, block: Block) => RLock)({}, block);
  }

  /** @throws StateError when this environment does not hold it. */
  override release(): void {
    this.checkMine('release()');
    if (this.#depthHere > 0) this.#depthHere--;
    this.#leaveOnce();
  }

  protected override readonly attempt = (): true | Wait => {
    this.checkOpen();
    if (this.lock.isMine) {
      storeHeld(this.words, DEPTH, loadHeld(this.words, DEPTH) + 1);
    } else {
      const blocked = this.lock.acquire();
      if (blocked !== undefined) return blocked;
      killPoint('lock.acquired');
      storeHeld(this.words, DEPTH, 1);
    }
    this.#depthHere++;
    return true;
  };

  override leaveAll(where: string): Holds {
    this.checkMine(where);
    const holds = { depth: loadHeld(this.words, DEPTH), here: this.#depthHere };
    this.#depthHere = 0;
    this.lock.release();
    return holds;
  }

  override restore({ depth, here }: Holds): void {
    storeHeld(this.words, DEPTH, loadHeld(this.words, DEPTH) + depth - 1);
    this.#depthHere += here - 1;
  }

  protected override letGo(): void {
    while (this.#depthHere-- > 0 && this.lock.isMine) this.#leaveOnce();
  }

  #leaveOnce(): void {
    const depth = loadHeld(this.words, DEPTH);
    if (depth > 1) storeHeld(this.words, DEPTH, depth - 1);
    else this.lock.release();
  }
}

// The lock with which the block of another object begins. That object closes it, and gives the block back itself.
class EmbeddedLock extends Lock {
  protected override leave(): void {}
}

class EmbeddedRLock extends RLock {
  protected override leave(): void {}
}

/** @param block of a kind `WITH_LOCK | something`; its first 36 bytes are the lock's */
export function embeddedLock(block: Block): Lock {
  return Reflect.construct(EmbeddedLock, [{}, block]) as Lock;
}

/** @param block of a kind `WITH_RLOCK | something`; its first 36 bytes are the lock's */
export function embeddedRLock(block: Block): RLock {
  return Reflect.construct(EmbeddedRLock, [{}, block]) as RLock;
}

registerShareable(Lock, {
  tag: 'lock',
  module: import.meta.url,
  share: (lock) => lock.share(),
  attach: (reference: BlockReference) => Lock.attach(reference),
});

registerShareable(RLock, {
  tag: 'rlock',
  module: import.meta.url,
  share: (lock) => lock.share(),
  attach: (reference: BlockReference) => RLock.attach(reference),
});
