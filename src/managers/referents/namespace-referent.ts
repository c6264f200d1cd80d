import { putOwn } from '../../reduction/own-property.ts';
import { ObjectStore } from './dict-store.ts';
import { live } from './live.ts';
import { checkMark, isMarked, markOf, Referent } from './referent.ts';
import type { Mark } from './referent.ts';
import { snapshot } from './snapshot.ts';

const METHODS: ReadonlySet<string> = new Set([
  'get',
  'set',
  'has',
  'delete',
  'keys',
  'copy',
  'toJSON',
  'look',
  'exchange',
]);

/** Attributes by name. */
export class NamespaceReferent extends Referent {
  readonly kind = 'Namespace';
  readonly value: this = this;
  protected readonly exposed: ReadonlySet<string> = METHODS;
  readonly #attributes: Record<string, unknown>;
  readonly #store: ObjectStore;

  constructor(attributes: Record<string, unknown>) {
    super();
    this.#attributes = attributes;
    this.#store = new ObjectStore(attributes);
  }

  get(name: string): unknown {
    return live(this.#store.get(name));
  }

  set(name: string, value: unknown): void {
    this.#store.set(name, value);
  }

  has(name: string): boolean {
    return this.#store.has(name);
  }

  delete(name: string): boolean {
    return this.#store.delete(name);
  }

  keys(): string[] {
    return Object.keys(this.#attributes);
  }

  copy(): Record<string, unknown> {
    const copy = {};
    for (const [name, value] of Object.entries(this.#attributes)) putOwn(copy, name, live(value));
    return copy;
  }

  toJSON(): unknown {
    return snapshot(this.#attributes);
  }

  /** What is there, and the mark for `exchange`. */
  look(name: string): [unknown, Mark] {
    const value = this.#store.get(name);
    return [live(value), markOf(value)];
  }

  /** Sets it, if what is there still is what was marked. */
  exchange(name: string, value: unknown, mark: unknown): boolean {
    checkMark(mark);
    if (!isMarked(this.#store.get(name), mark)) return false;
    this.#store.set(name, value);
    return true;
  }
}
