import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isMainModule } from '../main-module.ts';
import { isImportable, type AnyFunction } from '../reference.ts';
import type { FunctionCode } from './function-code.ts';
import { IMPORT, IMPORT_META } from './function-text.ts';
import { lookAt } from './look.ts';
import { resolveImport } from './module-resolution.ts';
import { rebuiltFrom, type Captures, type Import, type Variable } from './rebuilt.ts';
import { isStandardGlobal } from './standard-globals.ts';

/** What the first look at a function has shown for good: which names are variables, and of which kind. */
interface Plan {
  /** To be read anew each time. */
  readonly variables: readonly string[];
  /** Names that no scope has: perhaps later a global variable. */
  readonly globals: readonly string[];
  readonly imports: readonly Import[];
}

const plans = new WeakMap<AnyFunction, Plan>();
const require: NodeJS.Require = createRequire(import.meta.url);

/** The variables of a function with the values of now; the inspector is asked only when there are any. */
export function capturesOf(fn: AnyFunction, code: FunctionCode): Captures {
  const rebuilt = rebuiltFrom(fn);
  if (rebuilt !== undefined) return rebuilt.captures();
  const plan = plans.get(fn);
  const names = plan?.variables ?? [...code.names.keys()];
  const looks = names.length > 0 || code.staticPrivates.length > 0;
  const look = (looks ? lookAt(fn, names, code.staticPrivates) : undefined) ?? NOTHING;
  const { variables: known, globals, imports } = plan ?? makePlan(fn, code, names, look.scopes);
  const variables: Variable[] = [];
  const values = new Map(names.map((name, i) => [name, look.values[i]]));
  const scopes = new Map(names.map((name, i) => [name, look.scopes[i]]));
  const requires: Import[] = [];
  for (const name of known) {
    const base = baseOfRequire(values.get(name));
    if (base === undefined) variables.push(variable(fn, name, values.get(name), code, scopes.get(name)));
    else requires.push([name, 'require', base]);
  }
  for (const name of globals) {
    if (!Object.hasOwn(globalThis, name)) continue;
    const value = (globalThis as Record<string, unknown>)[name];
    // In evaluated code and in the REPL.
    const base = baseOfRequire(value);
    if (base !== undefined) requires.push([name, 'require', base]);
    else variables.push({ name, value, cell: () => globalCell(name), isAssigned: code.names.get(name) === true });
  }
  return { variables, imports: requires.length === 0 ? imports : [...imports, ...requires], privates: look.privates };
}
const NOTHING = { scopes: [], values: [], privates: [] };

function makePlan(
  fn: AnyFunction,
  code: FunctionCode,
  names: readonly string[],
  scopes: readonly (string | undefined)[],
): Plan {
  const variables: string[] = [];
  const globals: string[] = [];
  const imports: Import[] = [];
  if (code.usesMeta) imports.push([IMPORT_META, 'meta', code.base]);
  if (code.usesImport) imports.push([IMPORT, 'dynamic', code.base]);
  for (const [i, name] of names.entries()) {
    const scope = scopes[i];
    const imported = scope === 'Module' ? importOf(name, code) : undefined;
    if (imported !== undefined) imports.push(imported);
    else if (scope !== undefined) variables.push(name);
    else if (!isStandardGlobal(name)) globals.push(name);
  }
  const plan = { variables, globals, imports };
  plans.set(fn, plan);
  return plan;
}

/** The import that a variable of a module stands for; undefined when it has to travel as a value all the same. */
function importOf(name: string, code: FunctionCode): Import | undefined {
  const binding = code.script?.imports().get(name);
  if (binding === undefined) return undefined;
  try {
    const module = resolveImport(binding.specifier, code.base);
    // Nobody imports the main script again.
    return isImportable(module) && !isMainModule(module) ? [name, 'import', module, binding.name] : undefined;
  } catch {
    // Only a loader of the user's knows what it means.
    return undefined;
  }
}

function variable(
  fn: AnyFunction,
  name: string,
  value: unknown,
  code: FunctionCode,
  scope: string | undefined,
): Variable {
  const { script } = code;
  // Those of the REPL: every line is a script.
  const isGlobal = scope === 'Global' || scope === 'Script';
  const isAssigned = code.names.get(name) === true;
  const isUninitialized = value === undefined && script?.syntax.isUninitialized(name, script.offset) === true;
  return {
    name,
    value,
    cell: () => (isGlobal ? globalCell(name) : cellOf(fn, name, code)),
    isAssigned,
    isUninitialized,
  };
}

/**
 * Of a variable at the top level of a script there is one in a process, so functions of that script share it. Of others
 * there are as many as runs of the code around it, which V8 does not tell apart; an object that is new for each run does.
 */
function cellOf(fn: AnyFunction, name: string, code: FunctionCode): string | undefined {
  const { script } = code;
  if (script === undefined) return undefined;
  const { syntax, offset, url } = script;
  if (syntax.declarationOf(name, offset)?.isTopLevel === true) return `${url}\n${name}`;
  const witnesses = syntax.witnessesOf(name, offset);
  const look = witnesses.length === 0 ? undefined : lookAt(fn, witnesses, []);
  const at = look?.scopes.findIndex((scope, i) => scope !== undefined && look.values[i] !== undefined) ?? -1;
  return at < 0 ? undefined : `run ${numberOf(look?.values[at] as object)}\n${name}`;
}

function globalCell(name: string): string {
  return `global\n${name}`;
}

function numberOf(witness: object): number {
  let number = numbers.get(witness);
  if (number === undefined) numbers.set(witness, (number = ++lastNumber));
  return number;
}
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** Where a `require` function resolves from; undefined when it is something else. */
function baseOfRequire(value: unknown): string | undefined {
  if (typeof value !== 'function' || (value as NodeJS.Require).cache !== require.cache) return undefined;
  const [folder] = (value as NodeJS.Require).resolve.paths('./x') ?? [];
  return folder === undefined ? undefined : pathToFileURL(join(folder, '[require]')).href;
}
