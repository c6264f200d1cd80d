import { inspect } from 'node:util';

import { bytesOf } from '../../memory/words.ts';
import { binding } from '../../native/binding.ts';
import type { NativeBlock } from '../../native/binding.ts';
import { attempt, statusOf } from '../../native/failure.ts';
import { registerShareable } from '../../reduction/shareable.ts';
import { ClosedError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import { checkOptions } from '../../support/options.ts';
import { forgetName, keepName } from './keeper.ts';

/** What a `SharedMemory` is to be. */
export interface SharedMemoryOptions {
  /** As other programs know it, without the leading `/`. Omitted: a new one like Python's, `psm_` and 8 digits. */
  readonly name?: string;
  /** Default false: open what exists. */
  readonly create?: boolean;
  /** In bytes, of a new one. One that exists has the size that it has. */
  readonly size?: number;
  /** Whether a new one goes with this process, however that ends, if nobody has removed it before. Default true. */
  readonly track?: boolean;
}

const PREFIX = 'psm_';
const RANDOM_BYTES = 4;
/** A file name has at most 255 bytes. */
const NAME_BYTES_MAX = 255;

/**
 * A block of memory under a name, for any program: `multiprocessing.shared_memory.SharedMemory(name)` in Python,
 * `shm_open("/name")` in C. There is nothing in it but your bytes, and nothing that says when they are complete.
 *
 * `close` ends the use of it here, `unlink` removes the name, once, for all; the memory goes with its last user. Only
 * who has made a block removes it at the end (`track`): the end of another user, in forkless, never takes it from the others.
 * Python: `multiprocessing.shared_memory.SharedMemory`.
 * @example
 * using block = new SharedMemory({ create: true, size: 1024 });
 * block.buf.set([1, 2, 3]); // in Python: SharedMemory(name).buf[:3]
 * block.unlink();
 */
export class SharedMemory implements Disposable {
  static {
    printAs(SharedMemory, (block) => block.#describe());
  }

  readonly #name: string;
  readonly #block: NativeBlock;
  readonly #view: ArrayBuffer;
  readonly #buf: Uint8Array<ArrayBuffer>;
  readonly #inode: number;
  readonly #size: number;
  #state: 'open' | 'closed' = 'open';

  /**
   * @param nameOrOptions a string is the name of a block that exists
   * @throws TypeError, RangeError; ResourceError with `errno`: `ENOENT`, `EEXIST`, `ENOSPC`, …
   */
  constructor(nameOrOptions: string | SharedMemoryOptions) {
    const { name, create, size, track } = parse(nameOrOptions);
    const made = create ? createBlock(name, size) : openBlock(name as string);
    this.#name = made.name;
    [this.#block, this.#view, this.#inode] = made.native;
    this.#buf = bytesOf(this.#view);
    this.#size = this.#buf.length;
    if (create && track) this.#track();
  }

  /** For handles. */
  static attach(name: string): SharedMemory {
    return new SharedMemory({ name });
  }

  /** Without the leading `/`. */
  get name(): string {
    return this.#name;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * The memory itself. After `close` it is empty, and so is every other view of its buffer. In a message it is copied: send
   * the `SharedMemory`, or its name.
   * @throws ClosedError
   */
  get buf(): Uint8Array<ArrayBuffer> {
    this.checkOpen();
    return this.#buf;
  }

  /** @throws ClosedError */
  checkOpen(): void {
    if (this.#state === 'closed') throw new ClosedError(`The SharedMemory '${this.#name}' is closed`);
  }

  /** Ends the use of it here. The name and the memory stay for others. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    binding.closeBlock(this.#block, this.#view);
  }

  /**
   * Removes the name, for all; closed or not. The memory goes with its last user.
   * @throws ResourceError (ENOENT) when that has been done.
   */
  unlink(): void {
    attempt(`remove the shared memory '${this.#name}'`, () => binding.unlinkBlock(`/${this.#name}`));
    forgetName(this.#name, this.#inode);
  }

  /** `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #track(): void {
    try {
      keepName(this.#name, this.#inode);
    } catch (error) {
      this.close();
      this.unlink();
      throw error;
    }
  }

  #describe(): string {
    return `SharedMemory { name: '${this.#name}', size: ${this.#size}${this.#state === 'closed' ? ', closed' : ''} }`;
  }
}

interface Made {
  readonly name: string;
  readonly native: ReturnType<typeof binding.openBlock>;
}

function openBlock(name: string): Made {
  return { name, native: attempt(`open the shared memory '${name}'`, () => binding.openBlock(`/${name}`)) };
}

function createBlock(wanted: string | undefined, size: number): Made {
  for (;;) {
    const name = wanted ?? PREFIX + binding.randomBytes(RANDOM_BYTES).toString('hex');
    try {
      return { name, native: binding.createBlock(`/${name}`, size) };
    } catch (error) {
      if (wanted === undefined && statusOf(error) === 'exists') continue;
      attempt(`make the shared memory '${name}' of ${size} bytes`, () => {
        throw error;
      });
    }
  }
}

interface Parsed {
  readonly name: string | undefined;
  readonly create: boolean;
  readonly size: number;
  readonly track: boolean;
}

function parse(nameOrOptions: string | SharedMemoryOptions): Parsed {
  const where = 'new SharedMemory()';
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  if (options === undefined) throw new TypeError(`${where} needs { create: true, size }, or the name of what exists`);
  checkOptions(options, ['name', 'create', 'size', 'track'], where);
  const { name, create = false, size = 0, track = true } = options;
  if (typeof create !== 'boolean') throw new TypeError(`${where}: create must be a boolean, not ${inspect(create)}`);
  if (typeof track !== 'boolean') throw new TypeError(`${where}: track must be a boolean, not ${inspect(track)}`);
  if (typeof size !== 'number') throw new TypeError(`${where}: size must be a number of bytes, not ${inspect(size)}`);
  if (!Number.isSafeInteger(size) || size < 0 || (create && size === 0)) {
    throw new RangeError(`${where}: size must be a whole number of bytes, at least 1, not ${size}`);
  }
  if (name === undefined && !create) throw new TypeError(`${where}: without { create: true } it needs a name to open`);
  if (name !== undefined) checkName(name, where, create && track);
  return { name, create, size, track };
}

function checkName(name: unknown, where: string, tracked: boolean): asserts name is string {
  if (typeof name !== 'string') throw new TypeError(`${where}: the name must be a string, not ${inspect(name)}`);
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new RangeError(`${where}: the name must not be empty and have no '/' and no zero: ${inspect(name)}`);
  }
  if (tracked && name.includes('\n')) {
    throw new RangeError(`${where}: a name with a line break cannot be tracked: ${inspect(name)}`);
  }
  const bytes = Buffer.byteLength(name);
  if (bytes <= NAME_BYTES_MAX) return;
  throw new RangeError(`${where}: the name has ${bytes} bytes; at most ${NAME_BYTES_MAX} are allowed`);
}

registerShareable(SharedMemory, {
  tag: 'shared-memory',
  module: import.meta.url,
  share: (block) => block.name,
  attach: (name: string) => SharedMemory.attach(name),
});
