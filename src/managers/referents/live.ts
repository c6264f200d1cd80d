import { DictReferent } from './dict-referent.ts';
import { ListReferent } from './list-referent.ts';
import { Managed } from './managed.ts';
import { Referent } from './referent.ts';

const referents = new WeakMap<object, Referent>();

/**
 * The referent of a container: always the same for the same array, Map or plain object. So what is nested in a managed
 * container is shared like that itself, and keeps its identity.
 * @returns undefined when the value is none
 */
export function containerReferent(value: unknown): Referent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Referent) return value;
  // Proxies of other managers are what they are: those of lists look like arrays.
  if (value instanceof Managed) return undefined;
  const known = referents.get(value);
  if (known !== undefined) return known;
  const made = Array.isArray(value)
    ? new ListReferent(value, live)
    : isPlainObject(value) || value instanceof Map
      ? new DictReferent(value, live)
      : undefined;
  if (made !== undefined) referents.set(value, made);
  return made;
}

/** What is sent for a value that stands in a managed container: a nested container as a proxy, anything else as it is. */
export function live(value: unknown): unknown {
  return containerReferent(value) ?? value;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null;
}
