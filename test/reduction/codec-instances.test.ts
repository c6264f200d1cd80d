import { beforeAll, describe, expect, it } from 'vitest';
import { decode, encode, modulesOf } from '../../src/reduction/codec.ts';
import { resolveModules } from '../../src/reduction/module-table.ts';
import { ref } from '../../src/reduction/reference.ts';
import { registerType } from '../../src/reduction/registered-types.ts';
import { TimeoutError } from '../../src/support/errors.ts';
import * as fixtures from '../fixtures/reduction/functions.js';
import { Money } from '../fixtures/reduction/money.js';

const FUNCTIONS = new URL('../fixtures/reduction/functions.js', import.meta.url).href;
const trip = <T>(value: T): T => decode(encode(value).bytes) as T;

class Registered {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
const moneyType = 'money of the test';

beforeAll(() => {
  registerType(
    Money,
    (money) => money.amount as number,
    (amount: number) => new Money(amount),
    { name: moneyType },
  );
  registerType(
    Registered,
    (object) => object.value,
    (value) => new Registered(value),
    { name: 'Registered of the codec test' },
  );
});

describe('errors as values', () => {
  it('keep class, message, stack, cause and properties', () => {
    const error = Object.assign(new RangeError('too much', { cause: new TypeError('inner') }), {
      code: 'E',
      info: { a: 1 },
    });
    const received = trip(error);
    expect(received).toBeInstanceOf(RangeError);
    expect(received.stack).toBe(error.stack);
    expect(received.cause).toBeInstanceOf(TypeError);
    expect(received).toMatchObject({ message: 'too much', name: 'RangeError', code: 'E', info: { a: 1 } });
    expect(Object.keys(received)).toEqual(['code', 'info']);
  });

  it('keep the parts of an AggregateError', () => {
    const received = trip(new AggregateError([new Error('a'), 'b'], 'many'));
    expect(received).toBeInstanceOf(AggregateError);
    expect(received.errors).toEqual([new Error('a'), 'b']);
  });

  it('keep exported classes, without running their constructors', () => {
    const received = trip(new fixtures.ShopError('sold out', 17));
    expect(received).toBeInstanceOf(fixtures.ShopError);
    expect(received.hint()).toBe('see 17');
    expect(Object.prototype.toString.call(received)).toBe('[object Error]');
  });

  it('arrive as the nearest class with their name when their own cannot travel', () => {
    const withoutCode = (error: Error): Error => decode(encode(error, 'it', { code: false }).bytes) as Error;
    const received = withoutCode(new fixtures.inside.SecretError('psst'));
    expect(received.constructor).toBe(RangeError);
    expect(String(received)).toBe('SecretError: psst');
    expect(String(withoutCode(new fixtures.inside.InheritedName('psst')))).toBe('InheritedName: psst');
  });

  it('keep the errors of forkless without any import', () => {
    const { bytes, modules } = encode(new TimeoutError('late'));
    expect(modules).toEqual([]);
    expect(decode(bytes)).toBeInstanceOf(TimeoutError);
    expect(decode(bytes)).toMatchObject({ code: 'ERR_MP_TIMEOUT', name: 'TimeoutError', message: 'late' });
  });

  it('keep the reason of an aborted signal', () => {
    const received = trip(AbortSignal.abort().reason as DOMException);
    expect(received).toBeInstanceOf(DOMException);
    expect([received.name, received.code]).toEqual(['AbortError', 20]);
  });
});

describe('functions, classes and instances', () => {
  it('carries functions and classes by reference, and lists their modules', () => {
    const { bytes, modules } = encode({ f: fixtures.declared, C: fixtures.Point, again: fixtures.declared });
    expect(modules).toEqual([FUNCTIONS]);
    expect(modulesOf(bytes)).toEqual([FUNCTIONS]);
    expect(decode(bytes)).toEqual({ f: fixtures.declared, C: fixtures.Point, again: fixtures.declared });
  });

  it('carries instances with their own fields and their class', () => {
    const received = trip(new fixtures.Point(3, 4));
    expect(received).toBeInstanceOf(fixtures.Point);
    expect(received.norm()).toBe(5);
    expect(trip(new fixtures.NoConstructor()).hello()).toBe('hello 1');
  });

  it('carries instances of classes that extend built-in ones, whatever they override', () => {
    const map = new fixtures.NamedMap();
    map.set('a', 1);
    map.label = 'other';
    const received = trip(map);
    expect(received).toBeInstanceOf(fixtures.NamedMap);
    expect([...received]).toEqual([['touched a', 1]]);
    expect(received.label).toBe('other');
    const list = fixtures.NamedList.from([1, 2, 3]) as InstanceType<typeof fixtures.NamedList>;
    expect(trip(list).total()).toBe(6);
    expect(trip(list).label).toBe('list');
  });

  it('carries what is a property of an array', () => {
    const list = Object.assign([1, 2], { point: new fixtures.Point(3, 4), f: fixtures.declared });
    expect(trip(list)).toStrictEqual(list);
    expect(trip([list, fixtures.declared])).toStrictEqual([list, fixtures.declared]);
    const named = /b(?<letter>.)/.exec('abc');
    expect(trip(named)).toStrictEqual(named);
  });

  it('keeps cycles through instances', () => {
    const point = new fixtures.Point(1, 2) as InstanceType<typeof fixtures.Point> & { self?: unknown };
    point.self = { point, all: new Map([[point, point]]) };
    const received = trip(point);
    expect((received.self as { point: unknown }).point).toBe(received);
    expect((received.self as { all: Map<unknown, unknown> }).all.get(received)).toBe(received);
  });

  it('does not run setters of the class for own fields that hide them', () => {
    const point = new fixtures.Point(1, 2);
    Object.defineProperty(point, 'double', { value: 'own', enumerable: true });
    expect(trip(point).double).toBe('own');
  });

  it('uses the form that a class was registered with', () => {
    const { bytes, modules } = encode([new Money(5), new Money(6)]);
    expect((decode(bytes) as Money[]).map((money) => money.amount as number)).toEqual([5, 6]);
    // Its registration stands in this file, which vitest evaluates under its own URL.
    expect(modules).toEqual([import.meta.url]);
  });

  it('uses a registration from the moment on at which it was made', () => {
    expect(trip(new fixtures.RegisteredLater())).toEqual(new fixtures.RegisteredLater());
    registerType(
      fixtures.RegisteredLater,
      () => 5,
      (n) => Object.assign(new fixtures.RegisteredLater(), { n }),
    );
    expect(trip(new fixtures.RegisteredLater()).n).toBe(5);
  });

  it('lets the form of a registered class be anything that can travel', () => {
    const shared = { a: 1 };
    const [one, two] = trip([new Registered(shared), new Registered(shared)]);
    expect(one).toBeInstanceOf(Registered);
    expect(one?.value).toBe(two?.value);
    expect(trip(new Registered(encode(new Registered(7)).bytes))).toBeInstanceOf(Registered);
  });

  it('may encode and decode inside of the functions of a registered class', () => {
    class Nested {
      value: unknown;
      constructor(value: unknown) {
        this.value = value;
      }
    }
    registerType(
      Nested,
      ({ value }) => encode({ value }).bytes,
      (bytes) => new Nested((decode(bytes) as { value: unknown }).value),
      { name: 'Nested' },
    );
    const value = { before: [1], nested: new Nested(new Nested('deep')), after: new Date(7) };
    expect(trip(value)).toEqual(value);
  });

  it('refuses a registered class whose form contains the object itself', () => {
    const object = new Registered(undefined);
    Object.assign(object, { value: { object } });
    expect(() => encode(object)).toThrow(/the value\.object cannot travel.*contains the object itself/);
  });

  it('says which modules are missing when a function is not there', async () => {
    const { bytes } = encode(ref('file:///nowhere/gone.js', 'work'));
    expect(() => decode(bytes)).toThrow(/'work' of file:\/\/\/nowhere\/gone\.js, which is not loaded.*resolveModules/);
    const there = encode(ref(FUNCTIONS, 'arrow'));
    await resolveModules(there.modules);
    expect(decode(there.bytes)).toBe(fixtures.arrow);
  });

  it('refuses wrong registrations', () => {
    class Other extends Registered {}
    class A extends Registered {}
    const Nameless = (() => class extends Registered {})();
    expect(() =>
      registerType(
        Money,
        () => 1,
        () => new Money(1),
      ),
    ).toThrow(/registered already/);
    expect(() =>
      registerType(
        Other,
        () => 1,
        () => new Other(1),
        { name: moneyType },
      ),
    ).toThrow(/Another class is registered as/);
    expect(() =>
      registerType(
        Nameless,
        () => 1,
        () => new Nameless(1),
      ),
    ).toThrow(/option `name`/);
    expect(() =>
      registerType(
        5 as never,
        () => 1,
        () => ({}),
      ),
    ).toThrow(TypeError);
    expect(() => registerType(A, 5 as never, () => new A(1))).toThrow(TypeError);
    expect(() =>
      registerType(
        A,
        () => 1,
        () => new A(1),
        { nmae: 'A' } as never,
      ),
    ).toThrow(/no option 'nmae'/);
  });
});
