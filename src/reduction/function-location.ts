import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadedExports } from './commonjs-exports.ts';
import { inspectorSession, type InspectorSession } from './inspector-session.ts';
import type { AnyFunction } from './reference.ts';

/** Where a function comes from, as far as the runtime can tell. */
export type FunctionLocation =
  | { readonly kind: 'unknown' | 'native' | 'bound' | 'proxy' }
  | {
      readonly kind: 'script';
      /** As the runtime names it: a `file:` URL for modules, a path or a text such as `REPL1` for others. */
      readonly url: string;
      readonly isModule: boolean;
      readonly startLine: number;
      readonly startColumn: number;
      /** The source as it is executed, and the place of the function in it; both count from 0. */
      readonly source: string;
      readonly line: number;
      readonly column: number;
      /** The one of these variables of its module that holds this very function. */
      readonly variableHolding: string | undefined;
    };

/** Chooses from the source of a module the names of its variables that are worth a look. */
type Candidates = (url: string, source: string) => readonly string[];

/**
 * Asks V8 where a function was written. The first call in a process costs about 30 ms, any further one 0.5 ms; 5 ms
 * more for a script that has been loaded since, or was compiled on its way in.
 */
export function locateFunction(fn: AnyFunction, candidates: Candidates): FunctionLocation {
  const inspector = inspectorSession();
  if (inspector === undefined) return { kind: 'unknown' };
  return inspector.inspect(fn, (functionId) => {
    const internals = inspector.internals(functionId);
    if (internals.has('[[TargetFunction]]')) return { kind: 'bound' };
    if (internals.has('[[Handler]]')) return { kind: 'proxy' };
    const place = internals.get('[[FunctionLocation]]')?.value as Place | undefined;
    if (place === undefined) return { kind: 'native' };
    const { scriptId } = place;
    const scopesId = internals.get('[[Scopes]]')?.objectId;
    learnFromDisk(inspector, place, fn, scopesId);
    const script = inspector.script(scriptId);
    if (script === undefined) return { kind: 'native' };
    const line = place.lineNumber - script.startLine;
    const column = line === 0 ? place.columnNumber - script.startColumn : place.columnNumber;
    const source = inspector.source(scriptId);
    return {
      kind: 'script',
      ...script,
      source,
      line,
      column,
      variableHolding: script.isModule
        ? variableHolding(inspector, functionId, scopesId, candidates(script.url, source))
        : undefined,
    };
  });
}

interface Place {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/**
 * A module as its file has it, if the function stands there where V8 says: then nothing was compiled or wrapped around it.
 * The inspector's debugger, which takes up to 20 ms to list all scripts, is not needed when the script is one of those
 * that run now, as that of a caller is.
 */
function learnFromDisk(inspector: InspectorSession, place: Place, fn: AnyFunction, scopesId: string | undefined): void {
  const { scriptId, lineNumber, columnNumber } = place;
  if (scopesId === undefined || inspector.knownScript(scriptId) !== undefined) return;
  const url = inspector.urlOnStack(scriptId);
  if (url === undefined || !/^(?:file:|\/).*\.[cm]?js$/.test(url)) return;
  const isModule = inspector.call(scopesId, HAS_MODULE, [], true).value === true;
  const file = url.startsWith('/') ? url : fileURLToPath(url);
  // Code that came by value has the names of files, too.
  if (!isModule && loadedExports(pathToFileURL(file).href) === undefined) return;
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  const text = Function.prototype.toString.call(fn);
  const offset = offsetOf(source, lineNumber, columnNumber);
  const start = source.lastIndexOf(text, offset);
  if (start < 0 || offset > start + text.length) return;
  inspector.learn(scriptId, { url, isModule, startLine: 0, startColumn: 0 }, source);
}

const HAS_MODULE = `function () {
  for (let i = 0; i < this.length; i++) if (this[i].description === 'Module') return true;
  return false;
}`;

/** The place of a line and column in a source; both count from 0. */
export function offsetOf(source: string, line: number, column: number): number {
  let offset = 0;
  for (let i = 0; i < line; i++) offset = source.indexOf('\n', offset) + 1;
  return offset + column;
}

/**
 * An export's name alone proves nothing, as a nested function may have the same: the variable of the module must hold
 * the function itself. The look at it happens inside V8, where the scopes of a function are objects.
 */
function variableHolding(
  inspector: InspectorSession,
  functionId: string,
  scopesId: string | undefined,
  names: readonly string[],
): string | undefined {
  if (scopesId === undefined || names.length === 0) return undefined;
  const find = `function (fn, names) {
    for (let i = 0; i < this.length; i++) {
      if (this[i].description !== 'Module') continue;
      const variables = this[i].object;
      for (const name of names) if (variables[name] === fn) return name;
    }
  }`;
  const found = inspector.call(scopesId, find, [{ objectId: functionId }, { value: names }], true).value as unknown;
  return typeof found === 'string' ? found : undefined;
}
