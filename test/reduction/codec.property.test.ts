import { types } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, decodeFrom, encode, encodeInto, encodeWithV8 } from '../../src/reduction/codec.ts';
import { FORMAT } from '../../src/reduction/message-format.ts';

/** The long form: npm run test:long */
const RUNS = process.env['FORKLESS_LONG'] === '1' ? 100_000 : 2000;

// Around the ends of one byte and among the surrogates more than elsewhere.
const unit = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff }));
const units = fc.oneof(
  fc.array(fc.integer({ min: 0xe0, max: 0x103 }), { maxLength: 80 }),
  fc.array(unit, {
    maxLength: 60,
  }),
);
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

/** What the format of small messages is for, with the strangest contents that it carries. */
const plainValues = fc.letrec<{ value: unknown }>((tie) => {
  const key = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('id', 'name', '__proto__', 'constructor', '0', '-1', ''),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const leaf = fc.oneof(
    anyText,
    fc.string({ maxLength: 100 }),
    fc.double(),
    fc.integer(),
    fc.integer({ min: -300, max: 300 }),
    fc.maxSafeInteger(),
    fc.constantFrom(-0, NaN, Infinity, undefined, null, true, false),
  );
  return {
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 3, arbitrary: leaf },
      fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
      fc.array(tie('value'), { maxLength: 6 }),
    ),
  };
}).value;

/** With properties of their own, which structuredClone leaves out. */
const richErrors = fc
  .tuple(errors, fc.option(leaves, { nil: undefined }), fc.dictionary(anyText, leaves, { maxKeys: 4 }), fc.boolean())
  .map(([error, cause, properties, many]) => {
    const rich = many ? new AggregateError([error, cause], error.message, { cause }) : error;
    if (cause !== undefined) rich.cause = cause;
    for (const [key, value] of Object.entries(properties)) if (!(key in rich)) Object.assign(rich, { [key]: value });
    return rich;
  });

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

/** What arrives: in the format that the codec chooses, in place as well, and in V8's, which carries everything. */
function arrivals(value: unknown): readonly unknown[] {
  const { bytes, start, end } = encodeInto(value);
  return [
    decodeFrom(bytes, start, end),
    decode(encode(value).bytes),
    decode(encodeWithV8(value, 'the value').bytes),
    // With shapes that are known now.
    decode(encode(value).bytes),
  ];
}

describe('the codec', () => {
  const timeout = 30_000 + RUNS * 20;

  it(`gives what structuredClone gives, for ${RUNS} generated values`, { timeout }, () => {
    fc.assert(
      fc.property(values, (value) => {
        const clone = expected(value);
        for (const received of arrivals(value)) expect(difference(clone, received)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  it(`gives what structuredClone gives, for ${RUNS} small plain values`, { timeout }, () => {
    let small = 0;
    fc.assert(
      fc.property(plainValues, (value) => {
        if (encode(value).bytes[0] === FORMAT.small) small++;
        const clone = expected(value);
        for (const received of arrivals(value)) expect(difference(clone, received)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
    // The others have keys, or a size, for V8.
    expect(small).toBeGreaterThan(RUNS * 0.7);
  });

  it(`keeps errors with all that belongs to them, for ${RUNS} errors`, { timeout }, () => {
    fc.assert(
      fc.property(richErrors, (error) => {
        const received = decode(encode(error).bytes) as Error & { errors?: unknown };
        expect(difference(error, received)).toBeUndefined();
        expect(difference(Object.assign({}, error), Object.assign({}, received))).toBeUndefined();
        expect(difference((error as { errors?: unknown }).errors, received.errors)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });
});
