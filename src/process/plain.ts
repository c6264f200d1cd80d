/** Beyond this depth or number of values the codec is the better way. */
const MOST_VALUES = 1000;

/**
 * Whether a value survives JSON unchanged, so that a child can read it without loading the codec. Everything that is not
 * certain counts as a no: other prototypes, getters, `toJSON`, −0, NaN, undefined, lone surrogates, and any object that is
 * met twice.
 */
export function isPlain(value: unknown): boolean {
  return new PlainCheck().accepts(value);
}

class PlainCheck {
  readonly #seen = new Set<object>();
  #values = 0;

  accepts(value: unknown): boolean {
    if (++this.#values > MOST_VALUES) return false;
    switch (typeof value) {
      case 'string':
        return isWellFormed(value);
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0);
      case 'boolean':
        return true;
      case 'object':
        return value === null || this.#acceptsObject(value);
      default:
        return false;
    }
  }

  #acceptsObject(value: object): boolean {
    if (this.#seen.has(value)) return false;
    this.#seen.add(value);
    const isArray = Array.isArray(value);
    if (Object.getPrototypeOf(value) !== (isArray ? Array.prototype : Object.prototype)) return false;
    const keys = Reflect.ownKeys(value);
    // An array has its length as a key of its own; a hole lacks one.
    if (isArray && keys.length !== value.length + 1) return false;
    for (const key of keys) {
      if (isArray && key === 'length') continue;
      if (typeof key === 'symbol' || key === '__proto__' || key === 'toJSON' || !isWellFormed(key)) return false;
      const property = Object.getOwnPropertyDescriptor(value, key);
      if (property === undefined || !property.enumerable || !('value' in property)) return false;
      if (!this.accepts(property.value)) return false;
    }
    return true;
  }
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
