import { types } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/reduction/codec.ts';

/** FORKLESS_PROPERTY_RUNS=100000 for the long form. */
const RUNS = Number(process.env['FORKLESS_PROPERTY_RUNS'] ?? 2000);

const units = fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })), {
  maxLength: 60,
});
const anyText = units.map((codes) => String.fromCharCode(...codes));
const errors = fc
  .tuple(fc.constantFrom(Error, TypeError, RangeError, SyntaxError, EvalError, URIError, ReferenceError), anyText)
  .map(([Class, message]) => new Class(message));
const leaves = fc.oneof(
  anyText,
  fc.double(),
  fc.constantFrom(-0, undefined, null, NaN),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a/g, /[\]/]/iu, new RegExp('')),
  errors,
  fc.uint8Array(),
  fc.float64Array(),
  fc.int16Array(),
  fc.bigInt64Array(),
  fc.uint8Array({ minLength: 8 }).map((bytes) => new DataView(bytes.buffer, 3, 2)),
  fc.constantFrom(1, 'boxed', true, 5n).map((primitive) => Object(primitive) as object),
);
const values = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withBoxedValues: true,
    values: [leaves],
    key: fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', '0', '-1')),
    maxDepth: 4,
  }),
  graphs(),
);

/** Containers that refer to each other at random: cycles, shared objects, objects as keys. */
function graphs(): fc.Arbitrary<unknown> {
  const node = fc.record({
    kind: fc.constantFrom('object', 'array', 'map', 'set', 'error'),
    edges: fc.array(fc.tuple(fc.nat({ max: 30 }), fc.option(leaves)), { maxLength: 5 }),
  });
  return fc.array(node, { minLength: 1, maxLength: 20 }).map((plan) => {
    const nodes = plan.map(
      ({ kind }): object => ({ object: {}, array: [], map: new Map(), set: new Set(), error: new Error('node') })[kind],
    );
    plan.forEach(({ edges }, i) => {
      const from = nodes[i];
      for (const [to, leaf] of edges) {
        const target = leaf ?? nodes[to % nodes.length];
        if (Array.isArray(from)) from.push(target);
        else if (from instanceof Map) from.set(nodes[(to * 7) % nodes.length], target);
        else if (from instanceof Set) from.add(target);
        else if (from instanceof Error) from.cause = target;
        else (from as Record<string, unknown>)[`edge${to}`] = target;
      }
    });
    return nodes[0];
  });
}

/** Walks two graphs side by side. Stricter than an assertion of equality: identity has to be the same, too. */
function difference(
  a: unknown,
  b: unknown,
  partners: Map<unknown, unknown> = new Map(),
  path = '$',
): string | undefined {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) ? undefined : path;
  if (partners.has(a)) return partners.get(a) === b ? undefined : `${path} (identity)`;
  partners.set(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path} (class)`;
  const deeper = (x: unknown, y: unknown, step: string): string | undefined =>
    difference(x, y, partners, `${path}${step}`);
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime()) ? undefined : path;
  if (a instanceof RegExp) return a.toString() === (b as RegExp).toString() ? undefined : path;
  if (types.isBoxedPrimitive(a)) return deeper(a.valueOf(), b.valueOf(), '.valueOf()');
  if (ArrayBuffer.isView(a)) {
    const [x, y] = [a, b as ArrayBufferView].map((view) =>
      Buffer.from(view.buffer, view.byteOffset, view.byteLength),
    ) as [Buffer, Buffer];
    return x.equals(y) ? undefined : path;
  }
  if (a instanceof Map || a instanceof Set) {
    const [x, y] = [[...a], [...(b as Set<unknown>)]];
    return difference(x, y, partners, `${path}{}`);
  }
  if (a instanceof Error) {
    const e = b as Error;
    if (
      a.message !== e.message ||
      a.name !== e.name ||
      a.stack !== e.stack ||
      Object.hasOwn(a, 'cause') !== Object.hasOwn(e, 'cause')
    )
      return path;
    return deeper(a.cause, e.cause, '.cause');
  }
  const keys = Object.keys(a);
  if (keys.join('\n') !== Object.keys(b).join('\n')) return `${path} (keys)`;
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}.length`;
  for (const key of keys) {
    const found = deeper(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      `[${JSON.stringify(key)}]`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** V8's own clone fails for errors whose cause leads back to them; the codec does not, and has to give the value itself. */
function expected(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

/** The code of the error; the few bytes that happen to be a message count as refused. */
function failure(bytes: Uint8Array): unknown {
  try {
    decode(bytes);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'ERR_MP_SERIALIZATION';
}

/** Format, number of modules, V8's header, and the number of special objects with the beginning of their list. */
const HEADS: readonly number[][] = [
  [1],
  [1, 0, 0xff, 0x0f],
  [1, 0, 0xff, 0x0f, 0],
  [1, 0, 0xff, 0x0f, 1, 0x41, 1, 0x41],
];

describe('the codec', () => {
  it(`gives what structuredClone gives, for ${RUNS} generated values`, { timeout: 30_000 + RUNS * 20 }, () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(difference(expected(value), decode(encode(value).bytes))).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  it(
    'never does anything but throw a SerializationError for bytes that are no message',
    { timeout: 30_000 + RUNS * 20 },
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...HEADS), (bytes, head) => {
          expect(failure(Uint8Array.of(...head, ...bytes))).toBe('ERR_MP_SERIALIZATION');
        }),
        { numRuns: RUNS },
      );
    },
  );
});
