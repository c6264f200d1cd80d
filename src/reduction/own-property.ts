/** Gives an object a property of its own: neither setters nor `__proto__` do anything. */
export function putOwn(target: object, key: string, value: unknown): void {
  if (key in target)
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}
