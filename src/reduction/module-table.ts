import { SerializationError } from '../support/errors.ts';
import { loadedExports } from './commonjs-exports.ts';
import { sharesMemory } from './shared-views.ts';
import { registersTypes } from './type-registry.ts';
import { isImportable, knownFunction, rememberReference, type AnyFunction, type Reference } from './reference.ts';

/** Forkless is one CommonJS module, which is here, and of which an import would make a namespace that nobody needs. */
const OWN = import.meta.url;

const namespaces = new Map<string, object>();

/**
 * Imports modules, so that what a message refers to can be found synchronously afterwards.
 *
 * @throws SerializationError when a module may not or cannot be imported; `cause` tells why.
 */
export async function resolveModules(modules: Iterable<string>): Promise<void> {
  await Promise.all(Array.from(new Set(modules), load));
}

/** Whether all that these modules export or register is here already, without an import. */
export function modulesAreLoaded(modules: readonly string[]): boolean {
  return modules.every(
    (url) =>
      namespaces.has(url) ||
      registersTypes(url) ||
      sharesMemory(url) ||
      url.startsWith('node:') ||
      isCommonJsLoaded(url),
  );
}

/**
 * Imports the module of a reference and gives what it refers to.
 *
 * @throws SerializationError when the module cannot be imported, or does not export such a function or class.
 */
export async function resolveReference(reference: Reference): Promise<AnyFunction> {
  await load(reference.module);
  return exportOf(reference);
}

/**
 * What a reference refers to, when its module is here already: imported by `resolveModules`, loaded as CommonJS, or sent
 * by this very process before.
 *
 * @throws SerializationError when the module is not here, or does not export such a function or class.
 */
export function exportOf(reference: Reference): AnyFunction {
  const namespace = namespaces.get(reference.module);
  if (namespace === undefined) {
    const here = knownFunction(reference) ?? loadedExport(reference);
    if (here !== undefined) return here;
    throw new SerializationError(notLoaded(`The message refers to '${reference.name}' of ${reference.module}`));
  }
  const found = pick(namespace, reference.name);
  if (typeof found !== 'function') throw new SerializationError(missing(namespace, reference, found));
  rememberReference(found as AnyFunction, reference);
  return found as AnyFunction;
}

function isCommonJsLoaded(url: string): boolean {
  return loadedExports(url) !== undefined;
}

/**
 * What an `import` of this name gives, any kind of value; `*` gives all of the module.
 *
 * @throws SerializationError when the module is not here, or does not export it.
 */
export function bindingOf(module: string, name: string): unknown {
  const namespace = namespaceOf(module);
  if (name === '*') return namespace;
  if (name in namespace) return (namespace as Record<string, unknown>)[name];
  const whole = own(namespace, 'default');
  if (typeof whole === 'object' && whole !== null && name in whole) return (whole as Record<string, unknown>)[name];
  throw new SerializationError(`The module ${module} has no export '${name}'.`);
}

/**
 * What a CommonJS or built-in module exports as a whole.
 *
 * @throws SerializationError when the module is not here.
 */
export function exportsOfModule(module: string): unknown {
  return loadedExports(module)?.value ?? own(namespaceOf(module), 'default');
}

/** The module of a namespace object that a message has brought here. */
export function moduleOfNamespace(namespace: object): string | undefined {
  for (const [module, known] of namespaces) if (known === namespace) return module;
  return undefined;
}

function namespaceOf(module: string): object {
  const namespace = namespaces.get(module);
  if (namespace !== undefined) return namespace;
  const loaded = loadedExports(module);
  if (loaded === undefined) throw new SerializationError(notLoaded(`The message refers to ${module}`));
  const { value } = loaded;
  return { ...(typeof value === 'object' ? value : undefined), default: value };
}

async function load(url: string): Promise<void> {
  if (namespaces.has(url) || url === OWN) return;
  // A data: URL would be code inside the message, and a http: one code of somebody else.
  if (!isImportable(url))
    throw new SerializationError(`The module '${url}' is not imported: only file: and node: URLs are.`);
  let namespace: object;
  try {
    namespace = (await import(url)) as object;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SerializationError(`The module ${url} cannot be imported: ${why}`, { cause });
  }
  namespaces.set(url, namespace);
}

function loadedExport(reference: Reference): AnyFunction | undefined {
  const exports = loadedExports(reference.module);
  const found = exports === undefined ? undefined : pick({ default: exports.value }, reference.name);
  return typeof found === 'function' ? (found as AnyFunction) : undefined;
}

/**
 * The namespace of a CommonJS module names only those exports that the runtime could read off its source; its default
 * export is `module.exports`, which has them all — and the `default` that compilers write there.
 */
function pick(namespace: object, name: string): unknown {
  const direct = own(namespace, name);
  if (typeof direct === 'function') return direct;
  const whole = own(namespace, 'default');
  const inside =
    whole !== null && (typeof whole === 'object' || typeof whole === 'function') ? own(whole, name) : undefined;
  return inside ?? direct;
}

/** Own properties only: a message must not get at `constructor` or what else is inherited. */
function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

function notLoaded(what: string): string {
  return `${what}, which is not loaded in this process. Call resolveModules() with the message's modules before decode().`;
}

function missing(namespace: object, { module, name }: Reference, found: unknown): string {
  const names = Object.keys(namespace);
  const exported = names.length === 0 ? 'nothing' : names.join(', ');
  return found === undefined
    ? `The module ${module} has no export '${name}'; it exports ${exported}.`
    : `The export '${name}' of ${module} is no function or class but ${found === null ? 'null' : `a ${typeof found}`}.`;
}
