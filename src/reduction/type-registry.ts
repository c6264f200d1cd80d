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

/** Whether a module has registered a class here, or will when one is met. */
export function registersTypes(module: string): boolean {
  return modules.has(module);
}

/** Classes that are registered when one of their objects is met: those of parts of the runtime that few programs load. */
interface LateTypes {
  /** The module that their messages name: it is here. */
  readonly module: string;
  readonly claims: (value: object) => boolean;
  readonly register: () => void;
}

const late = new Set<LateTypes>();

export function addLateTypes(types: LateTypes): void {
  late.add(types);
  modules.add(types.module);
}

/** As `typeOfPrototype`, for an object whose class nobody knows yet. */
export function lateTypeOf(value: object): TypeEntry | undefined {
  registerLate((types) => types.claims(value));
  return typeOfPrototype(Object.getPrototypeOf(value) as object);
}

function registerLate(isMeant: (types: LateTypes) => boolean): void {
  for (const types of late) {
    if (!isMeant(types)) continue;
    late.delete(types);
    types.register();
  }
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
  const known = byName.get(nameKey(kind, name));
  if (known !== undefined || late.size === 0) return known;
  registerLate(() => true);
  return byName.get(nameKey(kind, name));
}

function nameKey(kind: string, name: string): string {
  return `${kind}:${name}`;
}
