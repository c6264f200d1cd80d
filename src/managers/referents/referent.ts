import { SerializationError } from '../../support/errors.ts';
import { Managed } from './managed.ts';

/** Which kind of proxy stands for a referent. */
export type ProxyKind = 'dict' | 'list' | 'Namespace' | 'Value' | 'Array' | 'object';

/** An object that a manager's server holds, with the methods that its proxies may call. */
export abstract class Referent extends Managed {
  abstract readonly kind: ProxyKind;
  /** What the object is for those who use it as a value: itself, or this referent when it has no plain form. */
  abstract readonly value: object;
  /** The names that may be called, and no other ones: not what is inherited. */
  protected abstract readonly exposed: ReadonlySet<string>;

  /** What a proxy has to know besides the kind: the names of the methods, where they are not the kind's. */
  get details(): readonly string[] | undefined {
    return undefined;
  }

  /** Nobody has a proxy of it any more. */
  forgotten(): void {}

  /**
   * Calls a method for a proxy.
   * @throws TypeError when there is none of this name to be called; what the method throws
   */
  call(method: string, args: readonly unknown[]): unknown {
    if (!this.exposed.has(method)) throw isNotExposed(this.kind, method, [...this.exposed]);
    return (this as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>)[method]?.(...args);
  }
}

/** The error for a call of what may not be called. */
function isNotExposed(kind: string, method: string, exposed: readonly string[]): TypeError {
  return new TypeError(
    `The manager exposes no method '${method}' of its ${kind}: it exposes ${exposed.map((name) => `'${name}'`).join(', ')}`,
  );
}

/** A value as it was when somebody looked at it, for a later exchange. */
export type Mark = readonly ['object', number] | readonly ['value', unknown];

const marks = new WeakMap<object, number>();
let lastMark = 0;

/** What tells a value from all others: primitives by themselves, objects by a number that nobody has ever again. */
export function markOf(value: unknown): Mark {
  if (typeof value !== 'object' || value === null) return ['value', value];
  let mark = marks.get(value);
  if (mark === undefined) marks.set(value, (mark = ++lastMark));
  return ['object', mark];
}

/** Whether a value still is what was marked. */
export function isMarked(value: unknown, [kind, mark]: Mark): boolean {
  if (typeof value !== 'object' || value === null) return kind === 'value' && Object.is(value, mark);
  return kind === 'object' && marks.get(value) === mark;
}

/** @throws TypeError for what only an older or a foreign client would send */
export function checkMark(mark: unknown): asserts mark is Mark {
  if (Array.isArray(mark) && (mark[0] === 'object' || mark[0] === 'value')) return;
  throw new SerializationError('The exchange has no mark of what was there: it was not sent by forkless');
}
