import { encode } from './codec.ts';
import { capturesOf } from './functions/captures.ts';
import type { FunctionCode } from './functions/function-code.ts';
import { moduleObjectOf } from './functions/module-objects.ts';
import type { Import } from './functions/rebuilt.ts';
import { standardGlobalName } from './functions/standard-globals.ts';
import type { AnyFunction, Reference } from './reference.ts';
import { targetOf } from './references.ts';
import { isSharedView } from './shared-views.ts';
import { typeOfPrototype } from './type-registry.ts';

/** How a function or class travels to another process, or why it cannot. */
export type Target =
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'value'; readonly source: string; readonly captured: readonly Captured[] }
  | { readonly kind: 'none'; readonly reason: string; readonly remedy: string };

/** A variable that a function by value uses, and how that travels; also `extends`, and the parts of a bound function. */
export interface Captured {
  readonly name: string;
  /**
   * `import`: the receiver imports `from` itself. `function`, `class`: by reference or by value, as `target` tells.
   * `shared`: by handle. `copy`: a copy of its value. `runtime`: the receiver has its own, such as `require`.
   * `none`: it cannot travel.
   */
  readonly how: 'import' | 'function' | 'class' | 'shared' | 'copy' | 'runtime' | 'none';
  readonly from?: Reference;
  readonly target?: Target;
  /** Why it cannot travel. */
  readonly reason?: string;
}

/**
 * Tells how a function or class would travel, without sending it.
 *
 * @throws TypeError when it is neither.
 * @example
 * inspectTarget(resize); // { kind: 'reference', reference: { module: 'file:///app/resize.js', name: 'resize' } }
 */
export function inspectTarget(fn: AnyFunction): Target {
  return inspect(fn, new Set());
}

function inspect(fn: AnyFunction, seen: Set<AnyFunction>): Target {
  const found = targetOf(fn);
  if (found.kind === 'reference' || found.kind === 'none') return found;
  seen.add(fn);
  const source = Function.prototype.toString.call(fn);
  if (found.kind === 'code') return { kind: 'value', source, captured: capturedBy(fn, found.code, seen) };
  const { target, boundThis, boundArgs } = found.parts;
  const parts: readonly (readonly [string, unknown])[] = [
    ['[[TargetFunction]]', target],
    ['[[BoundThis]]', boundThis],
    ['[[BoundArgs]]', boundArgs],
  ];
  return { kind: 'value', source, captured: parts.map(([name, value]) => captured(name, value, seen)) };
}

function capturedBy(fn: AnyFunction, code: FunctionCode, seen: Set<AnyFunction>): Captured[] {
  const { variables, imports } = capturesOf(fn, code);
  const base: unknown = code.hasSuperclass ? Object.getPrototypeOf(fn) : undefined;
  const extended = typeof base === 'function' ? [captured('extends', base, seen)] : [];
  return [...extended, ...imports.map(imported), ...variables.map(({ name, value }) => captured(name, value, seen))];
}

function imported(binding: Import): Captured {
  const [variable, how] = binding;
  if (how === 'import') return { name: variable, how, from: { module: binding[2], name: binding[3] } };
  return { name: how === 'meta' ? 'import.meta' : how === 'dynamic' ? 'import()' : variable, how: 'runtime' };
}

function captured(name: string, value: unknown, seen: Set<AnyFunction>): Captured {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return copied(name, value);
  if (standardGlobalName(value) !== undefined) return { name, how: 'runtime' };
  const object = moduleObjectOf(value);
  if (object !== undefined) {
    return { name, how: 'import', from: { module: object.module, name: object.as === 'exports' ? 'default' : '*' } };
  }
  if (typeof value === 'function') return capturedFunction(name, value as AnyFunction, seen);
  const isShareable = typeOfPrototype(Object.getPrototypeOf(value) as object)?.kind === 'shareable';
  return isShareable || isSharedView(value) ? { name, how: 'shared' } : copied(name, value);
}

function capturedFunction(name: string, fn: AnyFunction, seen: Set<AnyFunction>): Captured {
  const how = /^class\b/.test(Function.prototype.toString.call(fn)) ? 'class' : 'function';
  // What is being told about already, further out.
  if (seen.has(fn)) return { name, how };
  const target = inspect(fn, seen);
  return target.kind === 'none' ? { name, how: 'none', target, reason: target.reason } : { name, how, target };
}

function copied(name: string, value: unknown): Captured {
  try {
    encode(value, `its variable '${name}'`);
    return { name, how: 'copy' };
  } catch (error) {
    return { name, how: 'none', reason: (error as Error).message };
  }
}
