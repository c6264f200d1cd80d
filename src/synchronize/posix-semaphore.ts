import { inspect } from 'node:util';

import { familyArena } from '../memory/arena.ts';
import { allocate, attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import type { NativeSemaphore } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { deadlineAfter } from '../support/deadline.ts';
import { ClosedError, ResourceError, SerializationError, StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { PosixSemaphoreWaits } from './posix-semaphore-waits.ts';

/** SEM_VALUE_MAX. */
const VALUE_MAX = 2_147_483_647;
/** A file name has at most 255 bytes, and that of a semaphore is `sem.` and its name. */
const NAME_BYTES_MAX = 251;
const POSIX_SEMAPHORE_KIND = 0x73656d;

/** Its name, or for an unnamed one the block that it lies in. */
type Place = string | Block;
type SharedPlace = string | BlockReference;

/** What a `PosixSemaphore` is to be. */
export interface PosixSemaphoreOptions {
  /** As other programs know it, with or without the leading `/`. Omitted: an unnamed one in shared memory. */
  readonly name?: string;
  /** Permits of a new one, default 1. */
  readonly value?: number;
  /** `false`: open an existing one and make none. Default `true`. */
  readonly create?: boolean;
  /** `false`: an existing one will do, with the value that it has. Default `true`: the name must be free. */
  readonly exclusive?: boolean;
  /** Permission bits of a new named one, less the umask. Default `0o600`. */
  readonly mode?: number;
}

/**
 * A real `sem_t`, for working together with programs in other languages. It has no owner: the permit of a process
 * that is killed is lost. Between processes of forkless use `Semaphore`.
 *
 * A named one stays until it is unlinked, and those who have it open keep it even then.
 * @example
 * using ready = new PosixSemaphore({ name: '/ready', value: 0 }); // in C: sem_open("/ready", 0)
 * if (await ready.acquire({ timeout: 1000 })) console.log('the other program is ready');
 */
export class PosixSemaphore implements Disposable {
  readonly #at: Place;
  readonly #native: NativeSemaphore;
  readonly #waits: PosixSemaphoreWaits;
  #state: 'open' | 'closing' | 'closed' = 'open';

  /**
   * Makes a semaphore, by default exclusively.
   * @param nameOrOptions a string is the name
   * @throws ResourceError with `errno`: `EEXIST`, `ENOENT` (`create: false`), `EACCES`, `EMFILE`, …
   */
  constructor(nameOrOptions?: string | PosixSemaphoreOptions);
  constructor(nameOrOptions: string | PosixSemaphoreOptions | Opened = {}) {
    const { place, native } = nameOrOptions instanceof Opened ? nameOrOptions : make(parseOptions(nameOrOptions));
    this.#at = place;
    this.#native = native;
    this.#waits = new PosixSemaphoreWaits(native);
  }

  /**
   * Opens a semaphore that exists.
   * @throws ResourceError with `errno`: `ENOENT`, `EACCES`, …
   */
  static open(name: string): PosixSemaphore {
    return new PosixSemaphore({ name: checkName(name, 'PosixSemaphore.open()'), create: false });
  }

  /** For handles: the same semaphore in this process. */
  static attach(place: SharedPlace): PosixSemaphore {
    if (typeof place === 'string') return PosixSemaphore.open(place);
    const block = attachBlock(place);
    if (block.kind !== POSIX_SEMAPHORE_KIND) {
      block.release();
      throw new SerializationError('The handle does not lead to a POSIX semaphore');
    }
    const Attached = PosixSemaphore as new (opened: Opened | string) => PosixSemaphore;
    return new Attached(new Opened(block, inBlock(block)));
  }

  /** For handles: where another process finds it. */
  share(): SharedPlace {
    this.#open();
    return typeof this.#at === 'string' ? this.#at : this.#at.reference();
  }

  /**
   * Removes a name. Those who have the semaphore open keep it.
   * @throws ResourceError with `errno`: `ENOENT`, `EACCES`.
   */
  static unlink(name: string): void {
    const path = checkName(name, 'PosixSemaphore.unlink()');
    reworded(path, () => binding.unlinkSemaphore(path));
  }

  /** With its leading `/`; undefined for an unnamed one. */
  get name(): string | undefined {
    return nameOf(this.#at);
  }

  /** The permits at this moment. */
  get value(): number {
    return binding.semaphoreValue(this.#open());
  }

  /**
   * Takes a permit; resolves to false when `timeout` ms were over first.
   *
   * When `signal` is aborted the promise is rejected with its reason, up to 20 ms later; then nothing waits any more
   * in its name, and every permit is in the semaphore.
   */
  async acquire(options?: AsyncWaitOptions): Promise<boolean> {
    checkWait(options, 'PosixSemaphore.acquire()');
    const semaphore = this.#open();
    options?.signal?.throwIfAborted();
    if (binding.tryAcquireSemaphore(semaphore)) return true;
    if (options?.timeout === 0) return false;
    // Awaited so that this object, and with it the memory of the semaphore, lives as long as the wait.
    return await this.#waits.add(options?.timeout ?? Infinity, options?.signal);
  }

  /** Takes a permit, blocking the thread; false when `timeout` ms were over first. */
  acquireSync(options?: WaitOptions): boolean {
    checkWait(options, 'PosixSemaphore.acquireSync()', SYNC_WAIT_KEYS);
    const semaphore = this.#open();
    if (binding.tryAcquireSemaphore(semaphore)) return true;
    if (options?.timeout === 0) return false;
    return binding.acquireSemaphore(semaphore, deadlineAfter(options?.timeout ?? Infinity));
  }

  /** Takes a permit if there is one now. */
  tryAcquire(): boolean {
    return binding.tryAcquireSemaphore(this.#open());
  }

  /**
   * Gives `count` permits, default 1. Anybody may, not only who has acquired.
   * @throws ResourceError `EOVERFLOW`, and gives none, when the semaphore would hold more than 2147483647.
   */
  release(count = 1): void {
    checkInteger(count, 1, 'PosixSemaphore.release()', 'count');
    const semaphore = this.#open();
    attempt(`release ${count} permits of ${this.#describe()}`, () => binding.releaseSemaphore(semaphore, count));
  }

  /**
   * Removes the name of this semaphore. Those who have it open keep it.
   * @throws StateError when it has none.
   */
  unlink(): void {
    if (this.name === undefined) throw new StateError('An unnamed POSIX semaphore has no name to unlink');
    PosixSemaphore.unlink(this.name);
  }

  /** Ends the use of it here, not the semaphore. Promises that still wait are rejected with `ClosedError`. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#waits.callOffAll(new ClosedError(`${this.#describe()} was closed during the wait`), () => {
      this.#state = 'closed';
      binding.closeSemaphore(this.#native);
      if (typeof this.#at !== 'string') this.#at.release();
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static {
    printAs(PosixSemaphore, (semaphore: PosixSemaphore) => {
      const state = semaphore.#state === 'open' ? `value: ${semaphore.value}` : 'closed';
      return `PosixSemaphore { ${semaphore.name === undefined ? '' : `name: '${semaphore.name}', `}${state} }`;
    });
  }

  #open(): NativeSemaphore {
    if (this.#state !== 'open') throw new ClosedError(`${this.#describe()} is closed`);
    return this.#native;
  }

  #describe(): string {
    return describe(this.name);
  }
}

registerShareable(PosixSemaphore, {
  tag: 'posix-semaphore',
  module: import.meta.url,
  share: (semaphore) => semaphore.share(),
  attach: (place: SharedPlace) => PosixSemaphore.attach(place),
});

/** A semaphore that was made or opened. */
class Opened {
  readonly place: Place;
  readonly native: NativeSemaphore;

  constructor(place: Place, native: NativeSemaphore) {
    this.place = place;
    this.native = native;
  }
}

interface Parsed {
  readonly name: string | undefined;
  readonly value: number;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly mode: number;
}

function parseOptions(nameOrOptions: string | PosixSemaphoreOptions): Parsed {
  const where = 'new PosixSemaphore()';
  if (typeof nameOrOptions === 'string') return parseOptions({ name: nameOrOptions });
  checkOptions(nameOrOptions, ['name', 'value', 'create', 'exclusive', 'mode'], where);
  const { name, value = 1, create = true, exclusive = true, mode = 0o600 } = nameOrOptions;
  checkInteger(value, 0, where, 'value');
  checkInteger(mode, 0, where, 'mode', 0o777);
  checkBoolean(create, where, 'create');
  checkBoolean(exclusive, where, 'exclusive');
  if (name === undefined && !create) throw new TypeError(`${where}: create: false needs a name to open`);
  return { name: name === undefined ? undefined : checkName(name, where), value, create, exclusive, mode };
}

/** The name with its leading `/`. */
function checkName(name: unknown, where: string): string {
  if (typeof name !== 'string') throw new TypeError(`${where}: the name must be a string, not ${inspect(name)}`);
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (bare === '') throw new TypeError(`${where}: the name must not be empty`);
  if (/[/\0]/.test(bare)) {
    throw new TypeError(`${where}: the name must have no '/' after its first character and no zero: ${inspect(name)}`);
  }
  const bytes = Buffer.byteLength(bare);
  if (bytes > NAME_BYTES_MAX) {
    throw new RangeError(`${where}: the name has ${bytes} bytes; at most ${NAME_BYTES_MAX} are allowed`);
  }
  return `/${bare}`;
}

function checkInteger(value: unknown, min: number, where: string, what: string, max: number = VALUE_MAX): void {
  if (typeof value !== 'number') throw new TypeError(`${where}: ${what} must be a number, not ${inspect(value)}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${where}: ${what} must be a whole number from ${min} to ${max}, not ${value}`);
  }
}

function checkBoolean(value: unknown, where: string, what: string): void {
  if (typeof value !== 'boolean') throw new TypeError(`${where}: ${what} must be a boolean, not ${inspect(value)}`);
}

function make({ name, create, exclusive, mode, value }: Parsed): Opened {
  if (name !== undefined) {
    const native = reworded(name, () =>
      create ? binding.createSemaphore(name, exclusive, mode, value) : binding.openSemaphore(name),
    );
    return new Opened(name, native);
  }
  const block = allocate(familyArena(), binding.semaphoreBytes, { kind: POSIX_SEMAPHORE_KIND });
  attempt('make an unnamed POSIX semaphore', () => binding.initSemaphore(block.arena.index, block.offset, value));
  return new Opened(block, inBlock(block));
}

function inBlock(block: Block): NativeSemaphore {
  return binding.semaphoreAt(block.arena.index, block.offset);
}

function nameOf(place: Place): string | undefined {
  return typeof place === 'string' ? place : undefined;
}

function describe(name: string | undefined): string {
  return name === undefined ? 'the unnamed POSIX semaphore' : `semaphore '${name}'`;
}

const REMEDIES: Readonly<Record<string, (name: string) => string>> = {
  ENOENT: (name) => `does not exist: create it with new PosixSemaphore({ name: '${name}' })`,
  EEXIST: (name) =>
    `exists already: open it with PosixSemaphore.open('${name}') or remove it with PosixSemaphore.unlink('${name}')`,
  EACCES: () => 'does not allow this to the user of this process: its creator chooses by mode who may use it',
  EMFILE: () => 'cannot be opened, this process has no file descriptor left: close some or raise the limit (ulimit -n)',
  ENFILE: () => 'cannot be opened, the system has no file descriptor left',
  EINVAL: () => 'cannot be opened: what has its name is not a semaphore',
};

/** What `call` throws, in words for the semaphore `name`. */
function reworded<R>(name: string, call: () => R): R {
  try {
    return attempt(`use ${describe(name)}`, call);
  } catch (error) {
    if (!(error instanceof ResourceError) || error.errno === undefined || error.syscall === undefined) throw error;
    const remedy = REMEDIES[error.errno];
    if (remedy === undefined) throw error;
    const { errno, syscall, cause } = error;
    throw new ResourceError(`${describe(name)} ${remedy(name)}`, { errno, syscall, cause });
  }
}
