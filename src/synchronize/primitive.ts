import { allocate } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { createObject, leaveObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import type { Words } from '../memory/words.ts';
import { ClosedError } from '../support/errors.ts';
import { checkOptions } from '../support/options.ts';

export interface PrimitiveOptions {
  /** For processes that are no relatives: `Lock.open(name)`. */
  readonly name?: string;
}

/** One object's use of a synchronization primitive in a block of shared memory. */
export abstract class Primitive implements Disposable {
  protected readonly block: Block;
  readonly #title: string;
  #isOpen = true;

  protected constructor(block: Block, { title }: ObjectKind) {
    this.block = block;
    this.#title = title;
  }

  get name(): string | undefined {
    return this.block.arena.name;
  }

  /** For handles: where another process finds it. */
  share(): BlockReference {
    this.checkOpen();
    return this.block.reference();
  }

  /** Gives this object up: it cannot be used any more, and what it waits for fails with ClosedError. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.letGo();
    // This object's own waits end now, while the arena is still ours.
    this.block.arena.endWaits?.();
    this.leave();
  }

  /** Gives the block back. */
  protected leave(): void {
    leaveObject(this.block);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives back what this object has in its hands. */
  protected letGo(): void {}

  protected get isOpen(): boolean {
    return this.#isOpen;
  }

  protected checkOpen(): void {
    if (!this.#isOpen) throw new ClosedError(`This ${this.#title} object has been closed`);
  }

  /** For util.inspect; `state` is asked only while the object is open. */
  protected print(state: () => string): string {
    const name = this.name === undefined ? '' : ` "${this.name}"`;
    return `${this.#title}${name} { ${this.#isOpen ? state() : 'closed'} }`;
  }
}

/** The zeroed block of a new primitive that has no options but its name. */
export function createPrimitive(kind: ObjectKind, bytes: number, options: PrimitiveOptions): Block {
  checkOptions(options, ['name'], `new ${kind.title}()`);
  return createPrimitiveBlock(kind, bytes, options.name);
}

/** The block of a new primitive; `initialize` writes into it, all zeros, before anybody else can see it. */
export function createPrimitiveBlock(
  { kind, title }: ObjectKind,
  bytes: number,
  name: string | undefined,
  initialize?: (words: Words) => void,
): Block {
  return createObject(name, bytes, `new ${title}()`, (arena) => {
    const block = allocate(arena, bytes, { kind });
    initialize?.(block.words);
    return block;
  });
}
