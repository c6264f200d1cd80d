/*
 * What there is to know about a function that travels by value, but for the values of its variables. It is found out once
 * for each function, and once for each text: the closures that a factory makes differ in their values only.
 */
import { pathToFileURL } from 'node:url';

import { offsetOf, type FunctionLocation } from '../function-location.ts';
import type { AnyFunction } from '../reference.ts';
import { withFixedKeys } from './class-keys.ts';
import { readFunctionText, type Form, type FunctionText } from './function-text.ts';
import { ScriptSyntax } from './script-syntax.ts';
import { importsOf, type ImportBinding } from './script-imports.ts';

/** A function as code: what a receiver compiles, and where. */
export interface FunctionCode {
  readonly form: Form;
  readonly code: string;
  /** As `toString()` gives it. */
  readonly source: string;
  /** The name of its script, for stack traces. */
  readonly url: string;
  /** Where it begins there; both count from 0. */
  readonly line: number;
  readonly column: number;
  readonly isStrict: boolean;
  /** What relative imports start from. */
  readonly base: string;
  /** Its free names → whether it assigns to them. */
  readonly names: ReadonlyMap<string, boolean>;
  readonly eagerNames: ReadonlySet<string>;
  readonly usesMeta: boolean;
  readonly usesImport: boolean;
  readonly hasSuperclass: boolean;
  readonly staticPrivates: readonly string[];
  readonly naturalName: string;
  /** The script around it, as far as it is known. */
  readonly script: ScriptPlace | undefined;
}

interface ScriptPlace {
  readonly syntax: ScriptSyntax;
  readonly url: string;
  readonly offset: number;
  /** Read when a variable of a module asks for it. */
  imports(): ReadonlyMap<string, ImportBinding>;
}

type InScript = FunctionLocation & { readonly kind: 'script' };

const MOST_TEXTS = 2000;
const texts = new Map<string, FunctionText>();

/**
 * Reads a function.
 * @returns a text when it cannot travel by value: the reason, as the end of a sentence about the function
 */
export function codeOf(fn: AnyFunction, location: InScript): FunctionCode | string {
  const source = Function.prototype.toString.call(fn);
  let text: FunctionText;
  try {
    text = textOf(withFixedKeys(fn, source));
  } catch (error) {
    return `its source cannot be read (${(error as Error).message})`;
  }
  const script = placeOf(source, location);
  const isStrict = location.isModule || text.form === 'class' || script.syntax.isStrictAt(script.offset);
  const reason = whyNot(text, script, location.isModule);
  if (reason !== undefined) return reason;
  const { form, code, names, eagerNames, usesMeta, usesImport, hasSuperclass, staticPrivates, naturalName } = text;
  const base = baseOf(location.url);
  const { line, column } = positionOf(location, script.offset);
  const place = { url: location.url, line, column, isStrict, base, script, source };
  return {
    ...{ form, code, names, eagerNames, usesMeta, usesImport, hasSuperclass, staticPrivates, naturalName },
    ...place,
  };
}

function textOf(source: string): FunctionText {
  let text = texts.get(source);
  if (text === undefined) {
    if (texts.size >= MOST_TEXTS) texts.clear();
    texts.set(source, (text = readFunctionText(source)));
  }
  return text;
}

/** V8 names the parameters of functions and the constructor of classes; the text begins before that. */
function placeOf(text: string, location: InScript): ScriptPlace {
  const { url, source, isModule } = location;
  const named = offsetOf(source, location.line, location.column);
  const start = source.lastIndexOf(text, named);
  const offset = start >= 0 && named <= start + text.length ? start : named;
  return {
    syntax: ScriptSyntax.of(url, source, isModule),
    url,
    offset,
    imports: () => (isModule ? importsOf(url, source) : NO_IMPORTS),
  };
}
const NO_IMPORTS: ReadonlyMap<string, ImportBinding> = new Map();

function positionOf(location: InScript, offset: number): { readonly line: number; readonly column: number } {
  const before = location.source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 0;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  const column = offset - lineStart + (line === 0 ? location.startColumn : 0);
  return { line: line + location.startLine, column };
}

function whyNot(text: FunctionText, script: ScriptPlace, isModule: boolean): string | undefined {
  if (text.foreignPrivateName !== undefined) {
    return `it uses the private name '#${text.foreignPrivateName}' of the class around it, which exists in that class only`;
  }
  const { surroundings } = text;
  if (surroundings.has('super')) return "it uses 'super', which belongs to the class or object that it is a method of";
  if (surroundings.has('arguments')) {
    return "it is an arrow function whose variable 'arguments' belongs to the function around it";
  }
  if (surroundings.has('new.target'))
    return "it is an arrow function that uses the 'new.target' of the function around it";
  if (!surroundings.has('this') || text.form !== 'expression') return undefined;
  // At the top level of a module it is undefined, for the receiver, too.
  if (isModule && script.syntax.isTopLevelThis(script.offset)) return undefined;
  return "it is an arrow function whose variable 'this' belongs to what is around it, where nobody can read it";
}

/** Relative names in the REPL and in evaluated code mean the working directory. */
function baseOf(url: string): string {
  if (url.startsWith('file:')) return url;
  return pathToFileURL(url.startsWith('/') ? url : `${process.cwd()}/[eval]`).href;
}
