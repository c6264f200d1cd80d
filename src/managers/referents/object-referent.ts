import { Referent } from './referent.ts';

const ITERATION: readonly string[] = ['next', 'return'];

/** An object of a user's class, or what a registered function has given: its methods may be called. */
export class ObjectReferent extends Referent {
  readonly kind = 'object';
  readonly value: this = this;
  protected readonly exposed: ReadonlySet<string>;
  readonly #object: object;
  readonly #end: (() => void) | undefined;

  /**
   * @param exposed the methods that may be called; by default all public ones
   * @param end is called when nobody has a proxy of it any more
   */
  constructor(object: object, exposed: readonly string[] | undefined, end?: () => void) {
    super();
    this.#object = object;
    this.#end = end;
    this.exposed = new Set(exposed ?? publicMethods(object));
  }

  override get details(): readonly string[] {
    return [...this.exposed];
  }

  override forgotten(): void {
    this.#end?.();
  }

  override call(method: string, args: readonly unknown[]): unknown {
    if (!this.exposed.has(method)) return super.call(method, args);
    const fn: unknown = (this.#object as Readonly<Record<string, unknown>>)[method];
    if (typeof fn !== 'function') throw new TypeError(`The object of the manager has no method '${method}'`);
    return Reflect.apply(fn, this.#object, args) as unknown;
  }
}

/**
 * The methods of an object and of its class, without those that begin with '_', and without those that would block the whole
 * server: their names end with 'Sync'.
 */
function publicMethods(object: object): string[] {
  const isIterator = Symbol.iterator in object && typeof (object as { next?: unknown }).next === 'function';
  if (isIterator) return ITERATION.filter((name) => name in object);
  const names = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof property.value === 'function' && isPublic(name)) names.add(name);
    }
  }
  return [...names];
}

function isPublic(name: string): boolean {
  return name !== 'constructor' && !name.startsWith('_') && !name.endsWith('Sync');
}
