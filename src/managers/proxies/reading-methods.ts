import { remoteOf } from './remote-object.ts';

/** The methods of arrays that only read: they work on a copy, so that they are one call. */
const READING = [
  ...['concat', 'every', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flat', 'flatMap', 'forEach'],
  ...[
    'includes',
    'indexOf',
    'join',
    'lastIndexOf',
    'map',
    'reduce',
    'reduceRight',
    'some',
    'toLocaleString',
    'toString',
  ],
  ...['entries', 'keys', 'values', 'toReversed', 'toSorted', 'toSpliced', 'with'],
] as const;

type AnyMethod = (this: unknown, ...args: readonly unknown[]) => unknown;

/** Gives a class of proxies the methods of arrays that only read. */
export function addReadingMethods(Class: { readonly prototype: object }): void {
  const methods = Array.prototype as unknown as Readonly<Record<string, AnyMethod | undefined>>;
  for (const name of READING) {
    const method = methods[name];
    if (method === undefined) continue;
    Object.defineProperty(Class.prototype, name, {
      value(this: object, ...args: readonly unknown[]): unknown {
        return Reflect.apply(method, remoteOf(this).callSync('copy'), args) as unknown;
      },
      configurable: true,
      writable: true,
    });
  }
}
