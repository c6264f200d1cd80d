/*
 * Objects that stand for modules. What `require` gave is the exports of a module. What compilers make of `import` in
 * CommonJS (`__toESM` of esbuild, `__importStar` and `__importDefault` of TypeScript) is an object that has them once
 * more, with the exports as a whole as its `default`. Neither is copied: the receiver loads the module.
 */
import { types } from 'node:util';

import { findModule, findModuleOf } from '../commonjs-exports.ts';
import { bindingOf, exportsOfModule, moduleOfNamespace } from '../module-table.ts';

export interface ModuleObject {
  readonly module: string;
  /** All exports as one; an object that has that as its `default`; or what `import * as` gives. */
  readonly as: 'exports' | 'wrapped' | 'namespace';
}

/** The module that an object stands for. */
export function moduleObjectOf(value: object): ModuleObject | undefined {
  const module = findModuleOf(value);
  if (module !== undefined) return { module, as: 'exports' };
  if (types.isModuleNamespaceObject(value)) return namespaceModule(value);
  return mayBeWrapped(value) ? wrappedModule(value) : undefined;
}

/** Most objects are not, and some have very many properties. */
function mayBeWrapped(value: object): boolean {
  if (typeof value !== 'object' || Array.isArray(value) || types.isProxy(value)) return false;
  if (Object.hasOwn(value, 'default')) return true;
  for (const key in value) return Object.getOwnPropertyDescriptor(value, key)?.get !== undefined;
  return false;
}

/** That of a builtin or CommonJS module is known by its default export, that of others when it came with a message. */
function namespaceModule(namespace: object): ModuleObject | undefined {
  const known = moduleOfNamespace(namespace);
  if (known !== undefined) return { module: known, as: 'namespace' };
  const whole: unknown = Object.hasOwn(namespace, 'default') ? Reflect.get(namespace, 'default') : undefined;
  const module = typeof whole === 'object' && whole !== null ? findModuleOf(whole) : undefined;
  return module === undefined ? undefined : { module, as: 'namespace' };
}

function wrappedModule(value: object): ModuleObject | undefined {
  const properties = Object.getOwnPropertyDescriptors(value) as Record<string, PropertyDescriptor>;
  const whole: unknown = properties['default']?.value;
  if (typeof whole === 'function' || (typeof whole === 'object' && whole !== null)) {
    const wrapped = findModuleOf(whole);
    const others = Object.keys(properties).filter((key) => key !== 'default');
    if (wrapped !== undefined && sameValues(value, whole, others)) return { module: wrapped, as: 'wrapped' };
  }
  const keys = Object.keys(properties);
  // Of a module that a compiler has made: `default` is one of its exports.
  if (keys.length === 0 || !Object.values(properties).every(({ get }) => get !== undefined)) return undefined;
  const copied = findModule((exports) => Object.hasOwn(exports, keys[0] as string) && sameValues(value, exports, keys));
  return copied === undefined ? undefined : { module: copied, as: 'exports' };
}

function sameValues(value: object, exports: object, keys: readonly string[]): boolean {
  try {
    return keys.every((key) => Reflect.get(value, key) === Reflect.get(exports, key));
  } catch {
    return false;
  }
}

/** The object that stands for a module which is here already. */
export function moduleObject(module: string, as: unknown): unknown {
  if (as === 'namespace') return bindingOf(module, '*');
  const exports = exportsOfModule(module);
  if (as !== 'wrapped') return exports;
  const wrapped = {};
  for (const key of Object.getOwnPropertyNames(exports ?? {})) {
    Object.defineProperty(wrapped, key, {
      get: () => Reflect.get(exports as object, key) as unknown,
      enumerable: true,
    });
  }
  return Object.defineProperty(wrapped, 'default', { value: exports, enumerable: true });
}
