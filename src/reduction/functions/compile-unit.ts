/*
 * Makes functions of code. What a unit compiles to, for two functions that share `n`:
 *
 *   (function () { let n; return [set n, get n, first, second] })
 *
 * where each of `first` and `second` makes one of the functions, with variables of its own:
 *
 *   function (superclass, values) { let [a, b] = values; return [set a, b; get a, b; <function>; <its privates>] }
 *
 * A function stands at the line and column where it was written, in a script of the same name, so that stack traces show
 * the right place. (Only of members of one unit that do not come one behind the other some have to stand elsewhere.)
 */
import vm from 'node:vm';

import { PRIVATES, SUPER } from './function-text.ts';
import type { Member, Unit } from './unit.ts';

type Setter = (values: readonly unknown[]) => void;
type Getter = () => unknown[];
type Privates = (values?: readonly unknown[]) => unknown[];

/** Variables, in an order that both sides know. */
interface Variables {
  readonly set: Setter;
  readonly get: Getter;
}

/** A function as it was made, still without values. */
export interface Made {
  readonly made: unknown;
  readonly own: Variables;
  /** Sets the static private fields of a class, or gives them. */
  readonly privates: Privates | undefined;
}

/** A unit that has variables of its own: one for each message. */
export interface Instance {
  readonly shared: Variables;
  make(member: number, superclass: unknown, values: readonly unknown[]): Made;
}

type RawMember = (superclass: unknown, values: readonly unknown[]) => [Setter, Getter, unknown, Privates | undefined];
type RawUnit = () => [Setter, Getter, ...RawMember[]];

const VALUES = 'forkless$values';
const WRAPPERS = { expression: ['(', ')'], class: ['(', ')'], method: ['({', '})'] } as const;
const MOST_UNITS = 1000;

const compiled = new Map<string, RawUnit>();

/** Makes an instance of a unit. The same code is compiled once in a process. */
export function instanceOf(unit: Unit): Instance {
  const layout = layOut(unit);
  const key = `${unit.url}\n${layout.line}:${layout.column}\n${layout.source}`;
  let make = compiled.get(key);
  if (make === undefined) {
    if (compiled.size >= MOST_UNITS) compiled.clear();
    compiled.set(key, (make = compile(unit.url, layout)));
  }
  const [set, get, ...members] = make();
  return {
    shared: { set, get },
    make(number, superclass, values) {
      const member = unit.members[number] as Member;
      // Not as a method: its `this` is that of the functions at the top level of a module.
      const make = members[number] as RawMember;
      const [setOwn, getOwn, made, privates] = make(superclass, values);
      return {
        made: member.form === 'method' ? methodIn(made as object) : made,
        own: { set: setOwn, get: getOwn },
        privates,
      };
    },
  };
}

interface Layout {
  readonly source: string;
  /** Where the source has to begin for its functions to stand where they were written. */
  readonly line: number;
  readonly column: number;
}

function compile(filename: string, { source, line, column }: Layout): RawUnit {
  const script = new vm.Script(source, { filename, lineOffset: line, columnOffset: column });
  return script.runInThisContext() as RawUnit;
}

function layOut(unit: Unit): Layout {
  const order = [...unit.members.entries()].sort(([, a], [, b]) => comparePlaces(a, b));
  const first = (order[0] as [number, Member])[1];
  let line = first.line;
  let column = 0;
  let source = `(function(){${variables(unit.shared)}const ${VALUES}=[${accessors(unit.shared)}];`;
  for (const [number, member] of order) {
    const [open, close] = WRAPPERS[member.form];
    source += `${VALUES}[${number + 2}]=${beginningOf(member)}`;
    if (member === first) column = member.column - source.length - open.length;
    else if (member.line > line) {
      source += '\n'.repeat(member.line - line) + ' '.repeat(Math.max(0, member.column - open.length));
      line = member.line;
    }
    source += open + member.code + close + endOf(member);
    line += lineBreaks(member.code);
  }
  return { source: `${source}return ${VALUES}})`, line: first.line, column };
}

function beginningOf(member: Member): string {
  const { variables: own, isStrict, staticPrivates } = member;
  const names = [...own, ...member.imports.map(([name]) => name)];
  const strict = isStrict ? '"use strict";' : '';
  const declared = names.length === 0 ? '' : `let [${names.join()}]=${VALUES};`;
  const privates = staticPrivates.length === 0 ? '' : `let ${PRIVATES};`;
  return `function(${SUPER},${VALUES}){${strict}${declared}${privates}return[${accessors(own)}`;
}

function endOf(member: Member): string {
  return `${member.staticPrivates.length === 0 ? '' : `,${PRIVATES}`}]};`;
}

function variables(names: readonly string[]): string {
  return names.length === 0 ? '' : `let ${names.join()};`;
}

function accessors(names: readonly string[]): string {
  if (names.length === 0) return '()=>{},()=>[],';
  return `function(){[${names.join()}]=arguments[0]},function(){return[${names.join()}]},`;
}

function methodIn(object: object): unknown {
  const [property] = Object.values(Object.getOwnPropertyDescriptors(object)) as PropertyDescriptor[];
  return property?.get ?? property?.set ?? property?.value;
}

function comparePlaces(a: Member, b: Member): number {
  return a.line - b.line || a.column - b.column;
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
