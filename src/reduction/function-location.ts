import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspectorSession, type InspectorSession, type Script } from './inspector-session.ts';
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
    const place = internals.get('[[FunctionLocation]]')?.value as
      | { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number }
      | undefined;
    const script = place === undefined ? undefined : inspector.script(place.scriptId);
    if (place === undefined || script === undefined) return { kind: 'native' };
    const line = place.lineNumber - script.startLine;
    const column = line === 0 ? place.columnNumber - script.startColumn : place.columnNumber;
    const source = sourceOnDisk(script, fn, line, column) ?? inspector.source(place.scriptId);
    return {
      kind: 'script',
      ...script,
      source,
      line,
      column,
      variableHolding: script.isModule
        ? variableHolding(inspector, functionId, internals.get('[[Scopes]]')?.objectId, candidates(script.url, source))
        : undefined,
    };
  });
}

/**
 * The source of a module as its file has it, if the function stands there where V8 says: then nothing was compiled or
 * wrapped around it, and the inspector's debugger, which takes 5 ms to list all scripts again, is not needed.
 */
function sourceOnDisk(script: Script, fn: AnyFunction, line: number, column: number): string | undefined {
  if (!script.isModule || !/^file:.*\.m?js$/.test(script.url)) return undefined;
  let source: string;
  try {
    source = readFileSync(fileURLToPath(script.url), 'utf8');
  } catch {
    return undefined;
  }
  const text = Function.prototype.toString.call(fn);
  const offset = offsetOf(source, line, column);
  const start = source.lastIndexOf(text, offset);
  return start >= 0 && offset <= start + text.length ? source : undefined;
}

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
