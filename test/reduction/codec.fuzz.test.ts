import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decode, decodeFrom, encode, encodeWithV8, modulesOf } from '../../src/reduction/codec.ts';
import { registerType } from '../../src/reduction/registered-types.ts';
import { SerializationError } from '../../src/support/errors.ts';
import * as fixtures from '../fixtures/reduction/functions.js';
import { randomNumbers, SEED } from '../helpers/random.ts';

/** The long form: npm run test:long */
const INPUTS = process.env['FORKLESS_LONG'] === '1' ? 1_000_000 : 50_000;

/** What somebody has put on Object.prototype; the messages have own properties of these names. */
const SETTERS: readonly string[] = ['toJSON', 'then', 'size'];

class Registered {
  readonly data: unknown;
  constructor(data: unknown) {
    this.data = data;
  }
}

/** Messages of every kind that there is. */
function messages(): Uint8Array[] {
  const cycle: unknown[] = [{ a: 1 }];
  cycle.push(cycle, cycle[0]);
  const small = [
    5,
    'text',
    { id: 12_345, name: 'item', value: 0.5, ok: true },
    Object.fromEntries([...SETTERS.map((name) => [name, 1] as const), ['a', 1]]),
    [1, 'x', [-0, null, undefined, 'ÿ'.repeat(70), '日本']],
    { type: 'job', job: { id: 1, args: [1, 'x'] }, list: [{}, { __proto: 1, constructor: { prototype: 2 } }] },
    JSON.parse('{"__proto__":{"polluted":1}}') as unknown,
  ];
  const others = [
    cycle,
    new Map<unknown, unknown>([[{ key: 1 }, new Set([1n, -0, 'x'])]]),
    [new Date(5), /a/g, Object('boxed'), [1, , 3], new Float64Array(3), new DataView(new ArrayBuffer(9), 2, 3)],
    Object.assign(new RangeError('outer', { cause: new fixtures.ShopError('sold out', 17) }), { code: 'E' }),
    [new AggregateError([1], 'many'), new URL('http://a/b?c'), new URLSearchParams('a=1'), Symbol.for('s')],
    { f: fixtures.declared, point: new fixtures.Point(3, 4), map: new fixtures.NamedMap() },
    [Object.create(null), new Registered({ inner: [1] }), fixtures.NamedList.from([1, 2])],
  ];
  return [...small, ...others].flatMap((value) => [encode(value).bytes, encodeWithV8(value, 'it').bytes]);
}

/** Bytes that do something, more often than others would. */
const TELLING = [0, 1, 2, 0x7f, 0x80, 0xbf, 0xc1, 0xc8, 0xca, 0xff, ...Buffer.from('oAaI{}$@;:\'",SDRVBc\\E')];

function mutated(corpus: readonly Uint8Array[], random: (below: number) => number): Uint8Array {
  const byte = (): number => (random(2) === 0 ? random(256) : (TELLING[random(TELLING.length)] ?? 0));
  if (random(10) === 0) return Uint8Array.from({ length: random(60) }, (_, i) => (i === 0 ? 1 + random(2) : byte()));
  let bytes = [...(corpus[random(corpus.length)] ?? [])];
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    switch (random(6)) {
      case 0:
        bytes.splice(at, 0, ...Array.from({ length: 1 + random(4) }, byte));
        break;
      case 1:
        bytes.splice(at, 1 + random(4));
        break;
      case 2:
        bytes = [...bytes.slice(0, at), ...(corpus[random(corpus.length)]?.subarray(random(30)) ?? [])];
        break;
      default:
        if (at < bytes.length) bytes[at] = byte();
    }
  }
  return Uint8Array.from(bytes);
}

/** What a message could have changed for all: the prototypes, and the names of the properties. */
function world(): { readonly prototypes: readonly unknown[]; readonly names: readonly string[][] } {
  const classes = [Object, Array, Function, Map, Set, Error, RangeError, fixtures.Point, fixtures.NamedMap];
  const objects = [...classes.flatMap((Class) => [Class, Class.prototype as object]), globalThis, fixtures];
  return {
    prototypes: objects.map((object): unknown => Object.getPrototypeOf(object)),
    names: objects.map((object) => Reflect.ownKeys(object).map(String)),
  };
}

describe('the decoder', () => {
  const called = vi.fn<() => void>();
  const { declared } = fixtures;

  beforeAll(() => {
    registerType(
      Registered,
      ({ data }) => data,
      (data) => new Registered(data),
      { name: 'Registered of the fuzz test' },
    );
    for (const name of SETTERS) {
      Reflect.defineProperty(Object.prototype, name, { configurable: true, set: called });
    }
  });
  afterAll(() => {
    for (const name of SETTERS) Reflect.deleteProperty(Object.prototype, name);
  });

  it(
    `gives a value or throws a SerializationError, and changes nothing else, for ${INPUTS} inputs (seed ${SEED})`,
    { timeout: 60_000 + INPUTS },
    () => {
      const random = randomNumbers(SEED);
      const corpus = messages();
      const before = world();
      let values = 0;
      for (let i = 0; i < INPUTS; i++) {
        const bytes = mutated(corpus, random);
        try {
          if (i % 2 === 0) decode(bytes);
          else decodeFrom(Buffer.concat([bytes, corpus[i % corpus.length] ?? bytes]), 0, bytes.length);
          values++;
          modulesOf(bytes);
        } catch (error) {
          if (!(error instanceof SerializationError)) {
            expect.fail(`${String(error)} for ${Buffer.from(bytes).toString('hex')}`);
          }
        }
      }
      const after = world();
      expect(after.names).toEqual(before.names);
      expect(after.prototypes.every((prototype, i) => prototype === before.prototypes[i])).toBe(true);
      expect(called).not.toHaveBeenCalled();
      expect(fixtures.declared).toBe(declared);
      // Mutations that all fail at the first byte would show nothing.
      expect(values).toBeGreaterThan(INPUTS / 100);
      expect(values).toBeLessThan(INPUTS);
    },
  );
});
