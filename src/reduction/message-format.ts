/*
 * The bytes of a message. All but the numbers in front are written by V8's own serializer (structured clone).
 *
 *   varint    how the rest is written: FORMAT
 *   varint    number of modules
 *   2 bytes   V8's header
 *   texts     the modules
 *   varint    number of special objects; without any, the value follows at once
 *   array     their heads: [KIND, …], what is needed to make them, or to begin to
 *   varint    number of bodies
 *   bodies    each the number of a special object, and what goes into it
 *   value
 *
 * A special object is one that structured clone does not carry. Where it stands in the value, in a body or in another
 * special object, V8 writes a "host object": varint, its number + 1. Objects whose contents may lead back to them exist
 * when the heads have been read; the others from their body on, and nothing before it refers to them: bodies come in the
 * order in which the contents of the objects were complete.
 *
 * The views of ordinary buffers are host objects with the number 0, then as VIEW_FORM says.
 */

/** The first byte of a message: V8's format, which carries everything, or that of small plain messages (small-format.ts). */
export const FORMAT = { v8: 1, small: 2, bytes: 3 } as const;

/** What a special object is, and what its head and body hold. */
export const KIND = {
  /** [module, export] */
  reference: 0,
  /** [key]; Symbol.for(key) */
  symbol: 1,
  /** [prototype]: the number of a class, null, or undefined for the usual one; then the properties. */
  object: 2,
  /** [prototype]; then the elements, as an array. */
  array: 3,
  /** [prototype]; then [keys and values, properties]. */
  map: 4,
  /** [prototype]; then [values, properties]. */
  set: 5,
  /** [prototype]; then the built-in object that it is otherwise, then its properties. */
  builtin: 6,
  /** [name or number of the class], of a DOMException also message and name; then [enumerable, hidden properties]. */
  error: 7,
  /** [href] */
  url: 8,
  /** [text] */
  searchParams: 9,
  /** [tag]; then what its class has to say. */
  shareable: 10,
  /** [name]; then what the class has encoded. */
  custom: 11,
  /** []; then what its memory has to say. */
  sharedBuffer: 12,
  /** [view kind, byte offset, length]; then the buffer, a shared or a carried one. */
  sharedView: 13,
  /** As functions/unit.ts says: a function or class by value. */
  code: 14,
  /** []; then [target, this, arguments]; a function of bind(). */
  bound: 15,
  /** [name]; the value of a global variable that every process has. */
  global: 16,
  /** [module, 'exports' | 'wrapped' | 'namespace']; an object that stands for a module (functions/module-objects.ts). */
  moduleExports: 17,
  /** []; then what its carrier has to say: the buffer came beside the message. */
  carriedBuffer: 18,
} as const;

/** What the message carries itself: nothing else of this process has a part in them. */
export const DATA: ReadonlySet<unknown> = new Set([
  KIND.symbol,
  KIND.object,
  KIND.array,
  KIND.map,
  KIND.set,
  KIND.builtin,
  KIND.error,
  KIND.url,
  KIND.searchParams,
]);

/** How the view of an ordinary buffer goes on: varint of this, varint of its kind. */
export const VIEW_FORM = {
  /** double: bytes; the bytes. The buffer has more than the view shows, which does not travel. */
  part: 0,
  /** The buffer as a value: the view shows all of it. */
  whole: 1,
  /** Two doubles: byte offset, length; the buffer as a value. */
  window: 2,
} as const;

/** A special object as its head tells it: one of KIND, then what the kind needs. */
export type Head = readonly [kind: number, ...details: unknown[]];

/** What goes into the special object of a number. */
export interface Body {
  readonly number: number;
  readonly contents: unknown;
}
