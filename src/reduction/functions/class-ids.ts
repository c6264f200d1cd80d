import type { AnyFunction } from '../reference.ts';

const ids = new WeakMap<AnyFunction, string>();
const classes = new Map<string, WeakRef<AnyFunction>>();
const gone = new FinalizationRegistry<string>((id) => {
  if (classes.get(id)?.deref() === undefined) classes.delete(id);
});
let prefix: string | undefined;
let count = 0;

/**
 * The name of a class among all processes. A class that comes back by it is the one that was sent, and one that comes
 * twice is made once: otherwise `instanceof` would say no.
 */
export function idOfClass(fn: AnyFunction): string {
  let id = ids.get(fn);
  if (id === undefined) rememberClass(fn, (id = `${(prefix ??= crypto.randomUUID())}:${++count}`));
  return id;
}

/** The class of an id, if this process has it. */
export function classOfId(id: string): AnyFunction | undefined {
  return classes.get(id)?.deref();
}

/** Remembers a class that came with an id. */
export function rememberClass(fn: AnyFunction, id: string): void {
  ids.set(fn, id);
  classes.set(id, new WeakRef(fn));
  gone.register(fn, id);
}
