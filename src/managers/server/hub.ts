import { isShareable } from '../../reduction/shareable.ts';
import { StateError } from '../../support/errors.ts';
import { containerReferent } from '../referents/live.ts';
import { ObjectReferent } from '../referents/object-referent.ts';
import { Referent } from '../referents/referent.ts';

/** What a class or function is called as, with what a client has sent. */
export type Callable = ((...args: never[]) => unknown) | (new (...args: never[]) => unknown);

/** A type of objects that a server makes, or has, for its clients. */
export interface ServedType {
  readonly callable: Callable;
  /** The methods of its objects that may be called; by default all public ones. */
  readonly exposed?: readonly string[];
}

/** The objects of a server, by the numbers that clients know them by, and the types that it makes them of. */
export class Hub {
  readonly #types: ReadonlyMap<string, ServedType>;
  /** Whether what lives in shared memory can be given to clients as it is. */
  readonly #sharesMemory: boolean;
  readonly #objects = new Map<number, Referent>();
  readonly #numbers = new Map<Referent, number>();
  readonly #wrapped = new WeakMap<object, Map<string, ObjectReferent>>();
  #lastNumber = 0;

  constructor(types: ReadonlyMap<string, ServedType>, { sharesMemory }: { readonly sharesMemory: boolean }) {
    this.#types = types;
    this.#sharesMemory = sharesMemory;
  }

  /** The number by which clients know an object; it keeps the object alive until `forget`. */
  numberOf(referent: Referent): number {
    const known = this.#numbers.get(referent);
    if (known !== undefined) return known;
    const number = ++this.#lastNumber;
    this.#numbers.set(referent, number);
    this.#objects.set(number, referent);
    return number;
  }

  /** @throws StateError when nobody was said to have a proxy of it any more */
  at(number: unknown): Referent {
    const referent = this.#objects.get(number as number);
    if (referent !== undefined) return referent;
    throw new StateError('The object of this proxy is not at the manager any more: the proxy was closed before');
  }

  /** No client has a proxy of it any more. It lives on if it stands in a container. */
  forget(number: number): void {
    const referent = this.#objects.get(number);
    if (referent === undefined) return;
    this.#objects.delete(number);
    this.#numbers.delete(referent);
    referent.forgotten();
  }

  get size(): number {
    return this.#objects.size;
  }

  /**
   * Makes an object of a type for a client, or gets what the type's function gives.
   * @throws StateError when there is no such type; what the function throws
   */
  create(typeId: unknown, args: readonly unknown[]): unknown {
    const type = this.#types.get(typeId as string);
    if (type === undefined) {
      const names = Array.from(this.#types.keys(), (name) => `'${name}'`).join(', ');
      throw new StateError(
        `The manager has no type '${String(typeId)}' with a callable; it has ${names === '' ? 'none' : names}. Register it in the program of the server`,
      );
    }
    const made = callIt(type.callable, args);
    return isThenable(made)
      ? made.then((result) => this.#forClient(result, typeId as string, type))
      : this.#forClient(made, typeId as string, type);
  }

  #forClient(made: unknown, typeId: string, { exposed }: ServedType): unknown {
    if ((typeof made !== 'object' && typeof made !== 'function') || made === null || made instanceof Referent)
      return made;
    if (this.#sharesMemory && isShareable(made)) return made;
    const container = exposed === undefined ? containerReferent(made) : undefined;
    if (container !== undefined) return container;
    let byType = this.#wrapped.get(made);
    if (byType === undefined) this.#wrapped.set(made, (byType = new Map<string, ObjectReferent>()));
    const known = byType.get(typeId) ?? new ObjectReferent(made, exposed);
    byType.set(typeId, known);
    return known;
  }
}

function callIt(callable: Callable, args: readonly unknown[]): unknown {
  return isClass(callable)
    ? (Reflect.construct(callable as new (...args: unknown[]) => unknown, args) as unknown)
    : Reflect.apply(callable as (...args: unknown[]) => unknown, undefined, args);
}

function isClass(callable: Callable): boolean {
  return /^class\b/.test(Function.prototype.toString.call(callable));
}

/** Whether a result comes later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
