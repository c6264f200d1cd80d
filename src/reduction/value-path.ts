import { inspect } from 'node:util';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$_]*$/u;

/** In the place of a container: the variables of a function by value, their names being the keys. */
export const VARIABLES: unique symbol = Symbol('variables');
/** The same for what a class extends. */
export const BASE_CLASS: unique symbol = Symbol('base class');

/**
 * Where in a value a writer is. Only containers and keys are noted on the way, which costs next to nothing; the text is
 * made when something goes wrong.
 */
export class ValuePath {
  root = 'value';
  readonly #containers: unknown[] = [];
  readonly #keys: (string | number)[] = [];
  #depth = 0;

  enter(container: unknown): void {
    this.#containers[this.#depth++] = container;
  }

  at(key: string | number): void {
    this.#keys[this.#depth - 1] = key;
  }

  leave(): void {
    this.#containers[--this.#depth] = undefined;
  }

  /** Forgets the containers that an error left behind: they must not be kept alive. */
  clear(): void {
    if (this.#depth > 0) this.#containers.length = 0;
    this.#depth = 0;
  }

  /** The place of now, to come back to. */
  copy(): ValuePath {
    const copy = new ValuePath();
    copy.resume(this);
    return copy;
  }

  /** Goes to another place. */
  resume(place: ValuePath): void {
    this.root = place.root;
    this.#depth = place.#depth;
    this.#containers.length = this.#keys.length = 0;
    this.#containers.push(...place.#containers.slice(0, place.#depth));
    this.#keys.push(...place.#keys.slice(0, place.#depth));
  }

  /** For instance `args[0].options.callback`. */
  toString(): string {
    let text = this.root;
    for (let i = 0; i < this.#depth; i++) text += step(this.#containers[i], this.#keys[i] ?? '');
    return text;
  }
}

function step(container: unknown, key: string | number): string {
  if (container === VARIABLES) return `: its variable '${key}'`;
  if (container === BASE_CLASS) return ': its base class';
  if (container instanceof Map && typeof key === 'number') {
    const name: unknown = [...Map.prototype.keys.call(container)][key];
    return `.get(${inspect(name, { depth: 0, customInspect: false })})`;
  }
  if (container instanceof Set && typeof key === 'number') return `.values()[${key}]`;
  if (typeof key === 'number') return `[${key}]`;
  if (Array.isArray(container) && /^\d+$/.test(key)) return `[${key}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
