import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { SerializationError } from '../support/errors.ts';
import { findCommonJsExport, findExportOf } from './commonjs-exports.ts';
import { locateFunction, offsetOf, type FunctionLocation } from './function-location.ts';
import { codeOf, type FunctionCode } from './functions/function-code.ts';
import { boundParts, type BoundParts } from './functions/look.ts';
import { rebuiltFrom } from './functions/rebuilt.ts';
import { isMainModule } from './main-module.ts';
import { exportsOf, isAnonymousDefault, isTopLevelDeclaration } from './module-exports.ts';
import { isImportable, knownReference, rememberReference, type AnyFunction, type Reference } from './reference.ts';

/** How a function or class can travel: a target as the message needs it. */
export type Found =
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'code'; readonly code: FunctionCode; readonly why: None }
  | { readonly kind: 'bound'; readonly parts: BoundParts }
  | None;

/** It cannot be imported, or cannot travel at all. */
export interface None {
  readonly kind: 'none';
  readonly reason: string;
  readonly remedy: string;
}

/** How the reason begins for what belongs to the inside of the runtime. */
export const INTERNAL_REASON = 'it is internal to the runtime';

const REF_REMEDY = 'name it with ref(moduleUrl, exportName)';
const EXPORT_REMEDY = `export it from a module under a name, or ${REF_REMEDY}`;

type InScript = FunctionLocation & { readonly kind: 'script' };

const METHOD_REMEDY = 'send the object or class that it belongs to, pass what it needs as arguments, or export it';

const byValue = new WeakMap<AnyFunction, Found>();

/**
 * Finds out how a function or class travels, once for each.
 *
 * @throws TypeError when it is neither.
 */
export function targetOf(fn: AnyFunction): Found {
  if (typeof fn !== 'function')
    throw new TypeError(`A function or class was expected, not ${fn === null ? 'null' : typeof fn}.`);
  const known = knownReference(fn);
  if (known !== undefined) return { kind: 'reference', reference: known };
  const found = byValue.get(fn) ?? find(fn);
  if (found.kind === 'reference') rememberReference(fn, found.reference);
  else if (found.kind !== 'none') byValue.set(fn, found);
  return found;
}

/** The reference of what other processes can import; undefined for what travels by value or not at all. */
export function referenceOf(fn: AnyFunction): Reference | undefined {
  const found = targetOf(fn);
  return found.kind === 'reference' ? found.reference : undefined;
}

/**
 * The module and export name under which another process can import a function or class.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when it cannot be imported, with the reason and what to do.
 */
export function referTo(fn: AnyFunction): Reference {
  const found = targetOf(fn);
  if (found.kind === 'reference') return found.reference;
  throw new SerializationError(refusalOf(fn, whyNoReference(found)));
}

/** Why another process cannot import it. */
export function whyNoReference(found: Found): None {
  if (found.kind === 'none') return found;
  return found.kind === 'code' ? found.why : BOUND;
}

/** Whether the instances of a class can travel: it can itself, and it does not belong to the runtime. */
export function isClassThatTravels(Class: AnyFunction, allowsCode: boolean): boolean {
  const found = targetOf(Class);
  if (found.kind === 'reference') return !found.reference.module.startsWith('node:');
  return allowsCode && found.kind === 'code';
}

const BOUND: None = none('it is bound by bind()', 'send the function itself and its arguments');

function refusalOf(fn: AnyFunction, target: None): string {
  return `${nameOf(fn)} cannot travel to another process: ${target.reason}. To send it, ${target.remedy}.`;
}

function find(fn: AnyFunction): Found {
  if (types.isProxy(fn)) return none('it is a Proxy', 'send the function that it wraps');
  const rebuilt = rebuiltFrom(fn);
  if (rebuilt !== undefined) return { kind: 'code', code: rebuilt.code, why: none('it came by value', EXPORT_REMEDY) };
  const exported = findCommonJsExport(fn);
  if (exported !== undefined && !isMainModule(exported.module)) return { kind: 'reference', reference: exported };
  const location = locateFunction(fn, (url, source) => [...exportsOf(url, source).byVariable.keys()]);
  if (location.kind === 'script') return inScript(fn, location);
  if (location.kind === 'bound') {
    const parts = boundParts(fn);
    return parts === undefined ? BOUND : { kind: 'bound', parts };
  }
  if (location.kind === 'unknown') {
    return none(
      'this runtime has no inspector that could tell what it is made of or which module exports it',
      `use Node.js, or export it from a module and ${REF_REMEDY}`,
    );
  }
  return none('it is native code, not JavaScript', 'wrap it in a function of your own');
}

function inScript(fn: AnyFunction, location: InScript): Found {
  const found = location.isModule ? inModule(fn, location) : inCommonJs(fn, location);
  if (found.kind === 'reference' && !isMainModule(found.reference.module)) return found;
  const why = found.kind === 'none' ? found : none('it belongs to the main script', EXPORT_REMEDY);
  if (why.reason.startsWith(INTERNAL_REASON)) return why;
  const code = codeOf(fn, location);
  return typeof code === 'string' ? none(code, METHOD_REMEDY) : { kind: 'code', code, why };
}

function inModule(fn: AnyFunction, location: InScript): Found {
  const { url } = location;
  if (!isImportable(url))
    return none(`its module ${quoted(url)} cannot be imported by another process`, 'put it into a file and export it');
  const exports = exportsOf(url, location.source);
  const variable = location.variableHolding;
  const name = variable === undefined ? undefined : exports.byVariable.get(variable);
  if (name !== undefined) return { kind: 'reference', reference: { module: url, name } };
  const text = Function.prototype.toString.call(fn);
  const offset = offsetOf(location.source, location.line, location.column);
  const declared = exports.byVariable.get(fn.name);
  if (declared !== undefined && isTopLevelDeclaration(fn.name, location.source, text, offset)) {
    return { kind: 'reference', reference: { module: url, name: declared } };
  }
  if (isAnonymousDefault(exports, location.source, text, offset)) {
    return { kind: 'reference', reference: { module: url, name: 'default' } };
  }
  return none(notExported(url, exports.names), EXPORT_REMEDY);
}

function inCommonJs(fn: AnyFunction, location: InScript): Found {
  const script = location.url;
  // CommonJS scripts are known by path or by URL, depending on the version of Node.
  const url = script.startsWith('/') ? pathToFileURL(script).href : script;
  if (!isImportable(url)) {
    return none(
      `it was made by eval, new Function, vm or the REPL (${quoted(script)}), not by a module`,
      'put it into a file and export it',
    );
  }
  const { name, loaded } = findExportOf(url, fn);
  if (name !== undefined) return { kind: 'reference', reference: { module: url, name } };
  if (url.startsWith('node:')) return none(`${INTERNAL_REASON} (${url})`, 'wrap it in a function of your own');
  if (loaded) return none(`${url} does not export it`, EXPORT_REMEDY);
  return none(
    `${url} was not loaded as a module by the runtime itself (a bundler or a test runner may have evaluated it)`,
    REF_REMEDY,
  );
}

function notExported(url: string, names: readonly string[]): string {
  const list = names.length === 0 ? 'nothing' : names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  return `it is not an export of ${url} (which exports ${list}), so other processes cannot import it`;
}

function none(reason: string, remedy: string): None {
  return { kind: 'none', reason, remedy };
}

function nameOf(fn: AnyFunction): string {
  const what = /^class\b/.test(Function.prototype.toString.call(fn)) ? 'class' : 'function';
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof name === 'string' && name !== '' ? `The ${what} '${name}'` : `An anonymous ${what}`;
}

function quoted(text: string): string {
  return text === '' ? 'without a name' : `'${text}'`;
}
