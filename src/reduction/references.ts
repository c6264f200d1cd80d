import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { SerializationError } from '../support/errors.ts';
import { findCommonJsExport, findExportOf } from './commonjs-exports.ts';
import { locateFunction, offsetOf, type FunctionLocation } from './function-location.ts';
import { exportsOf, isAnonymousDefault, isTopLevelDeclaration } from './module-exports.ts';
import { isImportable, knownReference, rememberReference, type AnyFunction, type Reference } from './reference.ts';

/** How a function or class travels to another process, or why it cannot. */
export type Target =
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'none'; readonly reason: string; readonly remedy: string };

/** How the reason begins for what belongs to the inside of the runtime. */
export const INTERNAL_REASON = 'it is internal to the runtime';

const REF_REMEDY = 'name it with ref(moduleUrl, exportName)';
const EXPORT_REMEDY = `export it from a module under a name, or ${REF_REMEDY}`;

/**
 * Tells how a function or class would travel, without sending it.
 *
 * @throws TypeError when it is neither.
 * @example
 * inspectTarget(resize); // { kind: 'reference', reference: { module: 'file:///app/resize.js', name: 'resize' } }
 */
export function inspectTarget(fn: AnyFunction): Target {
  if (typeof fn !== 'function')
    throw new TypeError(`A function or class was expected, not ${fn === null ? 'null' : typeof fn}.`);
  const known = knownReference(fn);
  if (known !== undefined) return { kind: 'reference', reference: known };
  const target = findTarget(fn);
  if (target.kind === 'reference') rememberReference(fn, target.reference);
  return target;
}

/**
 * The module and export name under which another process can import a function or class.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when it cannot be imported, with the reason and what to do.
 */
export function referTo(fn: AnyFunction): Reference {
  const target = inspectTarget(fn);
  if (target.kind === 'reference') return target.reference;
  throw new SerializationError(refusalOf(fn, target));
}

function refusalOf(fn: AnyFunction, target: Target & { readonly kind: 'none' }): string {
  return `${nameOf(fn)} cannot travel to another process: ${target.reason}. To send it, ${target.remedy}.`;
}

function findTarget(fn: AnyFunction): Target {
  if (types.isProxy(fn)) return none('it is a Proxy', 'send the function that it wraps');
  const exported = findCommonJsExport(fn);
  if (exported !== undefined) return { kind: 'reference', reference: exported };
  const location = locateFunction(fn, (url, source) => [...exportsOf(url, source).byVariable.keys()]);
  if (location.kind === 'script') return targetInScript(fn, location);
  if (location.kind === 'bound')
    return none('it is bound by bind(), which hides what it calls', 'send the function itself and its arguments');
  if (location.kind === 'unknown') {
    return none('this runtime has no inspector that could tell which module exports it', REF_REMEDY);
  }
  return none('it is native code, not JavaScript', 'wrap it in an exported function');
}

function targetInScript(fn: AnyFunction, location: FunctionLocation & { readonly kind: 'script' }): Target {
  const { url, isModule } = location;
  if (!isModule) return targetInCommonJs(fn, url);
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

function targetInCommonJs(fn: AnyFunction, script: string): Target {
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
  if (loaded) return none(`${url} does not export it`, EXPORT_REMEDY);
  if (url.startsWith('node:')) return none(`${INTERNAL_REASON} (${url})`, 'wrap it in an exported function');
  return none(
    `${url} was not loaded as a module by the runtime itself (a bundler or a test runner may have evaluated it)`,
    REF_REMEDY,
  );
}

function notExported(url: string, names: readonly string[]): string {
  const list = names.length === 0 ? 'nothing' : names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  return `it is not an export of ${url} (which exports ${list}), so other processes cannot import it`;
}

function none(reason: string, remedy: string): Target {
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
