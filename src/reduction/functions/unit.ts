/*
 * How functions by value stand in a message. Each is a special object (message-format.ts) with the head
 *
 *   [KIND.code, unit, member, superclass, eager values]
 *
 * A unit is what is compiled in one piece: nearly always one function. Functions of one script that share a variable to
 * which one of them assigns are members of the same unit, so that they go on sharing it. The unit stands in the head of
 * its first member; in the others' stands the number of that special object.
 *
 * The body of each has the values of its variables and properties; that of the first member those of shared variables,
 * too. Functions exist before any body is read, so they may refer to each other in any way.
 */
import type { Form } from './function-text.ts';
import type { Import } from './rebuilt.ts';

export interface Unit {
  /** The name of the script, for stack traces. */
  readonly url: string;
  /** What relative imports start from. */
  readonly base: string;
  /** Variables of all members. */
  readonly shared: readonly string[];
  readonly members: readonly Member[];
}

export interface Member {
  readonly form: Form;
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly isStrict: boolean;
  readonly hasSuperclass: boolean;
  readonly staticPrivates: readonly string[];
  readonly naturalName: string;
  /** Its own variables, in the order of their values. */
  readonly variables: readonly string[];
  /** Those and shared ones that it assigns to. */
  readonly assigned: readonly string[];
  readonly eager: readonly string[];
  readonly imports: readonly Import[];
  /** Of a class: so that every process has it once. */
  readonly id: string | undefined;
}

/** What the head of a function by value holds behind its kind. */
export type CodeHead = readonly [
  unit: Unit | number,
  member: number,
  superclass: number | null | undefined,
  eager: readonly (readonly [name: string, value: unknown])[],
];

/** A property: key, value, whether it is enumerable. */
export type PropertyList = readonly (readonly [key: string, value: unknown, isEnumerable: boolean])[];

export interface CodeBody {
  readonly values: readonly unknown[];
  readonly shared: readonly unknown[];
  readonly privates: readonly unknown[];
  /** When it is not the natural one. */
  readonly name: string | undefined;
  readonly properties: PropertyList;
  /** What a function's `prototype` has got; undefined when that is as every function has it. */
  readonly prototype: { readonly parent: unknown; readonly properties: PropertyList } | undefined;
}
