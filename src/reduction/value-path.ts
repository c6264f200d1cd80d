import { inspect } from 'node:util';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$_]*$/u;

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

  /** For instance `args[0].options.callback`. */
  toString(): string {
    let text = this.root;
    for (let i = 0; i < this.#depth; i++) text += step(this.#containers[i], this.#keys[i] ?? '');
    return text;
  }
}

function step(container: unknown, key: string | number): string {
  if (container instanceof Map && typeof key === 'number') {
    const name: unknown = [...Map.prototype.keys.call(container)][key];
    return `.get(${inspect(name, { depth: 0, customInspect: false })})`;
  }
  if (container instanceof Set && typeof key === 'number') return `.values()[${key}]`;
  if (typeof key === 'number') return `[${key}]`;
  if (Array.isArray(container) && /^\d+$/.test(key)) return `[${key}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
