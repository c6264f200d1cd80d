/*
 * What goes between a manager's server and a client in the same family, over a pipe of their own. One message if nothing but
 * primitives goes along; else the rest comes first, by itself: so nothing is sent when it cannot travel, and what cannot be made
 * at the other side is followed by the number that it belongs to.
 *
 *     request    [ number, object, method, ...primitive arguments ]    or  [ arguments ]       [ -number, object, method ]
 *     answer     [ number, primitive value ]                           or  [[ status, what ]]  [ -number ]
 *
 * Object 0 is the manager itself. Before all, the server says Hello. Crash rule: the first half alone is no request; whoever is
 * alone on the pipe sees its end.
 */

/** Numbers of the manager's own methods: as if it were an object. */
export const MANAGER = 0;

/** What the server says when it has taken a client's end of a pipe. */
export interface Hello {
  readonly pid: number;
  /** How long a blocking call may take, in ms. */
  readonly callTimeout: number | undefined;
}

export const STATUS = { value: 0, thrown: 1 } as const;

/** The bytes of `encodeThrown`, and the modules that they need. */
export type ThrownBytes = readonly [bytes: Uint8Array, modules: readonly string[]];

/** Whether a value is in a message whole, whatever the reader has loaded. */
export function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

/** The first half of a message of two. */
export type Body = readonly [readonly unknown[]];

/** Whether a message is a first half. */
export function isBody(message: readonly unknown[]): message is Body {
  return Array.isArray(message[0]);
}
