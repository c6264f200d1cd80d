import { builtinModules, createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainModule } from './main-module.ts';
import type { AnyFunction, Reference } from './reference.ts';

const require: NodeJS.Require = createRequire(import.meta.url);

/**
 * Finds a function among the exports of the CommonJS modules that are loaded, by identity. Only plain properties are
 * looked at: a getter may load a module or do anything else.
 */
export function findCommonJsExport(fn: AnyFunction): Reference | undefined {
  const modules = Object.values(require.cache);
  // A module is in the cache before those that it requires: backwards, the declaring module comes before a re-exporting one.
  for (let i = modules.length - 1; i >= 0; i--) {
    const module = modules[i];
    if (module === undefined || !isFile(module.filename)) continue;
    const name = exportedName(module.exports, fn, false);
    if (name !== undefined) return { module: pathToFileURL(module.filename).href, name };
  }
  return undefined;
}

/**
 * Finds a function among the exports of one CommonJS or built-in module, getters included: compilers export by getters.
 * The second result tells whether such a module is loaded at all.
 */
export function findExportOf(
  url: string,
  fn: AnyFunction,
): { readonly name: string | undefined; readonly loaded: boolean } {
  const exports = loadedExports(url);
  return {
    name: exports === undefined ? undefined : exportedName(exports.value, fn, true),
    loaded: exports !== undefined,
  };
}

/** The URL of the CommonJS or built-in module whose exports, as a whole, an object is. */
export function findModuleOf(exports: object): string | undefined {
  const url = findModule((others) => others === exports);
  if (url !== undefined) return url;
  // Those that are loaded: to load the others would take long.
  const loaded = (process as unknown as { readonly moduleLoadList?: readonly string[] }).moduleLoadList ?? [];
  if (loaded.length !== builtins.seen) {
    builtins.seen = loaded.length;
    for (const entry of loaded) {
      const name = entry.replace('NativeModule ', '');
      if (builtinModules.includes(name)) builtins.names.set(require(`node:${name}`), `node:${name}`);
    }
  }
  return builtins.names.get(exports);
}

/** The URL of the CommonJS module whose exports are what one looks for; never that of the main script. */
export function findModule(isWanted: (exports: object) => boolean): string | undefined {
  for (const module of Object.values(require.cache)) {
    const exports: unknown = module?.exports;
    if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) continue;
    if (module === undefined || !isFile(module.filename) || !isWanted(exports)) continue;
    const url = pathToFileURL(module.filename).href;
    return isMainModule(url) ? undefined : url;
  }
  return undefined;
}

const builtins = { names: new Map<unknown, string>(), seen: 0 };

/** What a CommonJS or built-in module exports, if it is loaded already. */
export function loadedExports(url: string): { readonly value: unknown } | undefined {
  if (url.startsWith('node:')) {
    return url.startsWith('node:internal/') ? undefined : { value: require(url) as unknown };
  }
  const module = isFileUrl(url) ? require.cache[fileURLToPath(url)] : undefined;
  return module === undefined ? undefined : { value: module.exports as unknown };
}

function exportedName(exports: unknown, fn: AnyFunction, withGetters: boolean): string | undefined {
  if (exports === fn) return 'default';
  if (exports === null || (typeof exports !== 'object' && typeof exports !== 'function')) return undefined;
  try {
    // The name of the function is most often the name of the export.
    if (holds(exports, fn.name, fn, withGetters)) return fn.name;
    for (const name of Object.getOwnPropertyNames(exports)) if (holds(exports, name, fn, withGetters)) return name;
  } catch {
    // A proxy, or a getter that throws: the function is not to be had there.
  }
  return undefined;
}

function holds(exports: object, name: unknown, fn: AnyFunction, withGetters: boolean): name is string {
  if (typeof name !== 'string') return false;
  const property = Object.getOwnPropertyDescriptor(exports, name);
  if (property === undefined) return false;
  return property.get === undefined
    ? property.value === fn
    : withGetters && (exports as Record<string, unknown>)[name] === fn;
}

function isFile(filename: unknown): filename is string {
  return typeof filename === 'string' && (filename.startsWith('/') || /^[A-Za-z]:\\/.test(filename));
}

function isFileUrl(url: string): boolean {
  return url.startsWith('file:');
}
