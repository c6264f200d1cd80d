import { inspect } from 'node:util';

import { registerShareable } from '../../reduction/shareable.ts';
import { ResourceError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import { checkOptions } from '../../support/options.ts';
import { pack } from './list-items.ts';
import type { PackedItem, ShareableItem } from './list-items.ts';
import { CODE, FORMAT_BYTES, newLayout, readLayout, viewOf, writeLayout } from './list-layout.ts';
import type { ListLayout } from './list-layout.ts';
import { SharedMemory } from './shared-memory.ts';

/** Which block a `ShareableList` is in. */
export interface ShareableListOptions {
  /** Without a sequence: of an existing one. With one: of the new one; default: a name like Python's. */
  readonly name?: string;
  /** As of `SharedMemory`. */
  readonly track?: boolean;
}

const [Q, D, S, X, ZERO, NINE] = [0x71, 0x64, 0x73, 0x78, 0x30, 0x39] as const;
const TWO_32 = 2 ** 32;
const SAFE_HIGH = 2 ** 21;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A list of fixed length in shared memory, which Python can read and write, too. Its items are numbers, booleans, texts,
 * bytes and null; an item may change its type, but not outgrow the room that it had at first. Nothing keeps one process from
 * reading what another is just writing: use a `Lock`, or `PosixSemaphore` with others.
 *
 * Texts and bytes come back as they were, whatever zeros they end with; Python takes those away. A whole number is an int for
 * Python, any other a float; bigints are for what is beyond `Number.MAX_SAFE_INTEGER`.
 * Python: `multiprocessing.shared_memory.ShareableList`.
 * @example
 * using list = new ShareableList(['howdy', 273.154, null, true]);
 * list.set(3, 42); // in Python: ShareableList(name=list.shm.name)[3]
 * list.shm.unlink();
 */
export class ShareableList implements Disposable, Iterable<ShareableItem> {
  static {
    printAs(ShareableList, (list) => list.#describe());
  }

  /** The block that it is in: to close it, and to remove it. */
  readonly shm: SharedMemory;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #layout: ListLayout;

  /**
   * @param sequence the items of a new list; without it, `{ name }` names one that exists
   * @throws TypeError, RangeError for items that are none; and as `SharedMemory`.
   */
  constructor(sequence?: Iterable<ShareableItem> | ShareableListOptions, options: ShareableListOptions = {}) {
    const where = 'new ShareableList()';
    const items = isIterable(sequence)
      ? Array.from(sequence, (item, i) => pack(item, `${where}: item ${i}`))
      : undefined;
    const { name, track } = checked(items === undefined && sequence !== undefined ? sequence : options, where);
    if (items === undefined && name !== undefined) {
      this.shm = new SharedMemory({ name });
      this.#bytes = this.shm.buf;
      this.#view = viewOf(this.shm.buf);
      this.#layout = this.#orClose(() => readLayout(this.#view, name));
      return;
    }
    const packed = items ?? [];
    this.#layout = newLayout(packed.map(({ capacity }) => capacity));
    this.shm = new SharedMemory({
      create: true,
      size: this.#layout.bytes,
      ...(name !== undefined && { name }),
      ...(track !== undefined && { track }),
    });
    this.#bytes = this.shm.buf;
    this.#view = viewOf(this.shm.buf);
    writeLayout(this.#view, this.#layout);
    for (const [i, item] of packed.entries()) this.#write(i, item, this.#formatFor(i, item));
  }

  /** For handles. */
  static attach(name: string): ShareableList {
    return new ShareableList({ name });
  }

  get length(): number {
    return this.#layout.length;
  }

  /** How all items are packed, as Python's `struct` says it. */
  get format(): string {
    return Array.from({ length: this.length }, (_, i) => this.#formatAt(i)).join('');
  }

  /**
   * An item; from the end, if `index` is negative.
   * @throws RangeError when there is none; ResourceError when the memory is damaged; ClosedError.
   */
  get(index: number): ShareableItem {
    const i = this.#indexOf(index, 'get()');
    const start = this.#layout.starts[i] as number;
    const code = this.#bytes[this.#layout.codes + i];
    const format = this.#layout.formats + i * FORMAT_BYTES;
    const kind = this.#bytes[format];
    if (code === CODE.none) return null;
    if (code === CODE.plain) {
      if (kind === Q) return this.#wholeAt(start);
      if (kind === D) return this.#view.getFloat64(start, true);
      if (kind === X) return this.#bytes[start + 7] !== 0;
    }
    const bytes = this.#bytesOf(i, start, format);
    if (code === CODE.bytes) return Uint8Array.from(bytes);
    if (code === CODE.text) return this.#textOf(bytes, i);
    throw this.#isDamaged(i);
  }

  /**
   * Puts a value in the place of another.
   * @throws RangeError when there is no such item, or not enough room for it; TypeError; ClosedError.
   */
  set(index: number, value: ShareableItem): void {
    const i = this.#indexOf(index, 'set()');
    const item = pack(value, 'ShareableList.set()');
    const room = this.#capacityAt(i);
    if (item.value instanceof Uint8Array && item.value.length > room) {
      throw new RangeError(
        `ShareableList.set(): the value has ${item.value.length} bytes, which exceeds the available storage of item ${i}, ${room} bytes`,
      );
    }
    this.#write(i, item, this.#formatFor(i, item));
  }

  /** How many items are this value. */
  count(value: ShareableItem): number {
    let count = 0;
    for (const item of this) if (isSame(item, value)) count += 1;
    return count;
  }

  /**
   * Where the first item is that is this value.
   * @throws RangeError when there is none.
   */
  index(value: ShareableItem): number {
    for (let i = 0; i < this.length; i++) if (isSame(this.get(i), value)) return i;
    throw new RangeError(`${inspect(value)} is not in the ShareableList`);
  }

  *[Symbol.iterator](): IterableIterator<ShareableItem> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }

  /** Ends the use of it here, `shm.close()`. */
  [Symbol.dispose](): void {
    this.shm.close();
  }

  #indexOf(index: number, call: string): number {
    const { length } = this.#layout;
    const i = index < 0 ? index + length : index;
    if (this.#bytes.length === 0) this.shm.checkOpen();
    if (Number.isInteger(i) && i >= 0 && i < length) return i;
    throw new RangeError(`ShareableList.${call}: there is no item ${String(index)}; there are ${length}`);
  }

  #capacityAt(i: number): number {
    return (this.#layout.starts[i + 1] as number) - (this.#layout.starts[i] as number);
  }

  #wholeAt(start: number): number | bigint {
    const high = this.#view.getInt32(start + 4, true);
    if (high < -SAFE_HIGH || high >= SAFE_HIGH) return this.#view.getBigInt64(start, true);
    const whole = high * TWO_32 + this.#view.getUint32(start, true);
    return Number.isSafeInteger(whole) ? whole : BigInt(whole);
  }

  /** The bytes of text or bytes, where they are. */
  #bytesOf(i: number, start: number, format: number): Uint8Array {
    const bytes = this.#bytes;
    let length = 0;
    let at = format;
    for (let digit = bytes[at] as number; digit >= ZERO && digit <= NINE; digit = bytes[(at += 1)] as number) {
      length = length * 10 + digit - ZERO;
    }
    if (at === format || bytes[at] !== S || at >= format + FORMAT_BYTES || length > this.#capacityAt(i)) {
      throw this.#isDamaged(i);
    }
    let end = start + length;
    const isExact = at + 1 < format + FORMAT_BYTES && bytes[at + 1] === X;
    if (!isExact) while (end > start && bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start, end);
  }

  #textOf(bytes: Uint8Array, i: number): string {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      throw this.#isDamaged(i, error);
    }
  }

  #formatAt(i: number): string {
    const at = this.#layout.formats + i * FORMAT_BYTES;
    const format = this.#bytes.subarray(at, at + FORMAT_BYTES);
    return String.fromCharCode(...format.filter((byte) => byte !== 0));
  }

  #formatFor(i: number, { format }: PackedItem): string {
    return format === '' ? `${this.#capacityAt(i)}s` : format;
  }

  /** In Python's order: what it is, and then the value. */
  #write(i: number, { value, code }: PackedItem, format: string): void {
    const at = this.#layout.formats + i * FORMAT_BYTES;
    for (let k = 0; k < FORMAT_BYTES; k++) this.#bytes[at + k] = k < format.length ? format.charCodeAt(k) : 0;
    this.#bytes[this.#layout.codes + i] = code;
    const start = this.#layout.starts[i] as number;
    if (value instanceof Uint8Array) {
      this.#bytes.set(value, start);
      this.#bytes.fill(0, start + value.length, start + this.#capacityAt(i));
    } else if (format === 'q') {
      this.#view.setBigInt64(start, BigInt(value as number | bigint), true);
    } else if (format === 'd') {
      this.#view.setFloat64(start, value as number, true);
    } else {
      this.#bytes.fill(0, start, start + 8);
      if (value === true) this.#bytes[start + 7] = 1;
    }
  }

  #orClose<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      this.shm.close();
      throw error;
    }
  }

  #isDamaged(i: number, cause?: unknown): ResourceError {
    return new ResourceError(
      `Item ${i} of the ShareableList '${this.shm.name}' cannot be read: it is damaged, or just being written. Use a Lock`,
      { cause },
    );
  }

  #describe(): string {
    const items = this.#bytes.length === 0 ? 'closed' : inspect([...this]);
    return `ShareableList { name: '${this.shm.name}', ${items} }`;
  }
}

function isIterable(value: unknown): value is Iterable<ShareableItem> {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && Symbol.iterator in value);
}

function checked(options: unknown, where: string): ShareableListOptions {
  checkOptions(options, ['name', 'track'], where);
  return options as ShareableListOptions;
}

/** Python's `==`: bytes by what they hold, numbers whatever their type; booleans only among themselves. */
function isSame(one: ShareableItem, other: ShareableItem): boolean {
  if (one instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  if (typeof one === 'bigint' && typeof other === 'number') return isSame(other, one);
  if (typeof one === 'number' && typeof other === 'bigint') return Number.isInteger(one) && BigInt(one) === other;
  return one === other;
}

registerShareable(ShareableList, {
  tag: 'shareable-list',
  module: import.meta.url,
  share: (list) => list.shm.name,
  attach: (name: string) => ShareableList.attach(name),
});
