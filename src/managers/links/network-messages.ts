/*
 * What goes between a manager's server at an address and its clients. Every message is data and nothing else (dataOnly), and
 * proxies stand beside it, each with its place in it:
 *
 *     greeting   [ GREETING, session ]                              the first message of every connection
 *     request    [ number, object, method, arguments, proxies ]     number 0: nobody waits for an answer
 *     answer     [ number, status, value, proxies ]
 *
 * The connections of a session belong to one client; when the first of them ends, so does the session, with its holds on
 * objects. Object 0 is the manager itself.
 */
export const GREETING = 'forkless manager 1';

/** The way from the whole of a message to a part of it: indices and keys. */
type Path = readonly (number | string)[];

/** What stands for something that is no data, and where. */
export type Placed<D> = readonly [path: Path, data: D];

/**
 * Takes out of a value what is no data but has a form that is; the value itself stays as it is.
 * @param formOf gives that form, or undefined
 */
export function takeOut<D>(value: unknown, formOf: (object: object) => D | undefined): [unknown, Placed<D>[]] {
  const placed: Placed<D>[] = [];
  const above = new Set<object>();
  const walk = (part: unknown, path: Path): unknown => {
    if (typeof part !== 'object' || part === null || above.has(part)) return part;
    const form = formOf(part);
    if (form !== undefined) {
      placed.push([path, form]);
      return null;
    }
    if (!Array.isArray(part) && Object.getPrototypeOf(part) !== Object.prototype) return part;
    above.add(part);
    const before = placed.length;
    const copies = Object.entries(part).map(([key, inner]) => [key, walk(inner, [...path, key])] as const);
    above.delete(part);
    if (placed.length === before) return part;
    return Array.isArray(part) ? copies.map(([, inner]) => inner) : Object.fromEntries(copies);
  };
  return [walk(value, []), placed];
}

/** Puts back what was taken out. */
export function putBack<D>(value: unknown, placed: readonly Placed<D>[], make: (data: D) => unknown): unknown {
  let whole = value;
  for (const [path, data] of placed) {
    const last = path.at(-1);
    if (last === undefined) {
      whole = make(data);
      continue;
    }
    let part = whole;
    for (const step of path.slice(0, -1)) part = own(part, step);
    own(part, last);
    (part as Record<string | number, unknown>)[last] = make(data);
  }
  return whole;
}

/** Own properties only: a path that somebody has made up leads nowhere else. */
function own(part: unknown, step: unknown): unknown {
  const isStep = typeof step === 'string' || typeof step === 'number';
  if (isStep && typeof part === 'object' && part !== null && Object.hasOwn(part, step)) {
    return (part as Record<string | number, unknown>)[step];
  }
  throw new TypeError('A message of a manager has a proxy in a place that it does not have');
}
