import { putOwn } from '../../reduction/own-property.ts';

import { Managed } from './managed.ts';

/**
 * A copy in which all nested containers are plain arrays and objects, at any depth, also when they contain each other.
 * What is no container is the same thing.
 */
export function snapshot(value: unknown, seen: Map<object, object> = new Map<object, object>()): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Managed) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    seen.set(value, copy);
    for (const item of value) copy.push(snapshot(item, seen));
    return copy;
  }
  if (value instanceof Map) return ofEntries(value, value as Map<unknown, unknown>, seen);
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null ? ofEntries(value, Object.entries(value), seen) : value;
}

function ofEntries(
  value: object,
  entries: Iterable<readonly [unknown, unknown]>,
  seen: Map<object, object>,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [key, item] of entries) putOwn(copy, String(key), snapshot(item, seen));
  return copy;
}
