/** How the instances of one class travel. */
export type TypeEntry = ShareableEntry | CustomEntry;

/** Shared objects: only a handle travels, both sides then use the same thing. */
interface ShareableEntry {
  readonly kind: 'shareable';
  readonly name: string;
  readonly module: string | undefined;
  readonly write: (object: never) => unknown;
  readonly read: (data: never) => object;
}

/** Users' classes with a form of their own. */
interface CustomEntry {
  readonly kind: 'custom';
  readonly name: string;
  readonly module: string | undefined;
  readonly write: (object: never) => unknown;
  readonly read: (data: never) => object;
}

const modules = new Set<string>();
const byPrototype = new Map<object, TypeEntry>();
const byName = new Map<string, TypeEntry>();

/** @throws TypeError when the class or the name is taken. */
export function addType(prototype: object, entry: TypeEntry): void {
  if (byPrototype.has(prototype))
    throw new TypeError(`This class is registered already, as '${byPrototype.get(prototype)?.name}'.`);
  if (byName.has(nameKey(entry.kind, entry.name))) {
    throw new TypeError(`Another class is registered as '${entry.name}' already: give this one a name of its own.`);
  }
  byPrototype.set(prototype, entry);
  if (entry.module !== undefined) modules.add(entry.module);
  byName.set(nameKey(entry.kind, entry.name), entry);
}

/** Whether a module has registered a class here. */
export function registersTypes(module: string): boolean {
  return modules.has(module);
}

/** The entry of the nearest registered class, going up from a prototype. */
export function typeOfPrototype(prototype: object): TypeEntry | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const entry = byPrototype.get(at);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** The entry with a name that came in a message. */
export function typeNamed(kind: TypeEntry['kind'], name: string): TypeEntry | undefined {
  return byName.get(nameKey(kind, name));
}

function nameKey(kind: string, name: string): string {
  return `${kind}:${name}`;
}
