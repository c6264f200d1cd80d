import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/reduction/codec.ts';
import { fromHandle, toHandle } from '../../src/reduction/handle.ts';
import { isShareable, registerShareable } from '../../src/reduction/shareable.ts';
import { isSharedView, registerSharedBuffer, setSharedBufferAttacher } from '../../src/reduction/shared-views.ts';
import { SerializationError } from '../../src/support/errors.ts';
import { Point } from '../fixtures/reduction/functions.js';

const attached: Counter[] = [];

/** Stands for a class like Lock: what it is lives elsewhere, under an offset. */
class Counter {
  readonly offset: number;
  constructor(offset: number) {
    this.offset = offset;
  }
}
class SpecialCounter extends Counter {}

const segments = new Map<number, ArrayBuffer>();
function segment(number: number, bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  segments.set(number, buffer);
  registerSharedBuffer(buffer, { module: 'file:///segments.js', share: () => ({ number }) });
  return buffer;
}

beforeAll(() => {
  registerShareable(Counter, {
    tag: 'test-counter',
    module: 'file:///counter.js',
    share: (counter) => ({ offset: counter.offset }),
    attach: ({ offset }: { offset: number }) => {
      const counter = new Counter(offset);
      attached.push(counter);
      return counter;
    },
  });
  setSharedBufferAttacher((data) => segments.get((data as { number: number }).number) as ArrayBuffer);
});
afterEach(() => void (attached.length = 0));

describe('shared objects in messages', () => {
  it('travel by handle, and once per message', () => {
    const counter = new Counter(4096);
    const { bytes, modules } = encode({ a: counter, deep: [new Map([['b', counter]])] });
    const received = decode(bytes) as { a: Counter; deep: [Map<string, Counter>] };
    expect(received.a).toBeInstanceOf(Counter);
    expect(received.a).toEqual(counter);
    expect(received.deep[0].get('b')).toBe(received.a);
    expect(attached).toHaveLength(1);
    expect(modules).toEqual(['file:///counter.js']);
  });

  it('include the objects of subclasses', () => {
    expect(isShareable(new SpecialCounter(1))).toBe(true);
    expect(decode(encode(new SpecialCounter(1)).bytes)).toEqual(new Counter(1));
  });

  it('are told from everything else', () => {
    expect(isShareable(new Counter(1))).toBe(true);
    for (const other of [null, undefined, 1, 'Counter', {}, Counter, { offset: 1 }])
      expect(isShareable(other)).toBe(false);
  });

  it('are fields of user objects, whose class and methods stay (row 80)', () => {
    const shared = new Float64Array(segment(1, 64), 8, 4);
    const user = Object.assign(new Point(3, 4), { shared, counter: new Counter(16) });
    const received = decode(encode([user]).bytes) as [typeof user];
    expect(received[0].norm()).toBe(5);
    expect(received[0].counter).toEqual(new Counter(16));
    received[0].shared[0] = 2.5;
    expect(shared[0]).toBe(2.5);
  });

  it('need a class and a tag of their own', () => {
    const protocol = { tag: 'test-counter', share: () => 1, attach: () => new Counter(1) };
    expect(() => registerShareable(Counter, protocol)).toThrow(/registered already/);
    expect(() => registerShareable(class Other extends Counter {}, protocol)).toThrow(
      /Another class is registered as 'test-counter'/,
    );
    expect(() => registerShareable(class Other extends Counter {}, { ...protocol, tag: 'Not a tag:' })).toThrow(
      TypeError,
    );
    expect(() => registerShareable(class Other extends Counter {}, { ...protocol, tag: 'view' })).toThrow(TypeError);
    expect(() => registerShareable({} as never, protocol)).toThrow(/expects a class/);
  });
});

describe('views of shared memory', () => {
  it('travel by handle whatever part they show', () => {
    const buffer = segment(2, 1_000_000);
    const views = [
      new Float64Array(buffer),
      new Float64Array(buffer).subarray(5, 7),
      new DataView(buffer, 3, 2),
      Buffer.from(buffer, 10, 100),
      new Uint8Array(buffer, 1, 0),
    ];
    const { bytes, modules } = encode(views);
    expect(modules).toEqual(['file:///segments.js']);
    expect(bytes.length).toBeLessThan(200);
    const received = decode(bytes) as typeof views;
    received.forEach((view, i) => {
      const sent = views[i] as (typeof views)[number];
      expect(view.buffer).toBe(buffer);
      expect([view.constructor, view.byteOffset, view.byteLength]).toEqual([
        sent.constructor,
        sent.byteOffset,
        sent.byteLength,
      ]);
    });
  });

  it('include the buffer itself', () => {
    const buffer = segment(3, 16);
    expect(decode(encode({ buffer }).bytes)).toEqual({ buffer });
    expect((decode(encode({ buffer }).bytes) as { buffer: ArrayBuffer }).buffer).toBe(buffer);
  });

  it('are told from ordinary ones', () => {
    expect(isSharedView(new Uint8Array(segment(4, 8)))).toBe(true);
    expect(isSharedView(segments.get(4))).toBe(true);
    for (const other of [new Uint8Array(8), new ArrayBuffer(8), null, {}, 'x']) expect(isSharedView(other)).toBe(false);
  });
});

describe('toHandle and fromHandle', () => {
  it('name a shared object by a text', () => {
    const handle = toHandle(new Counter(77));
    expect(handle).toMatch(/^forkless:test-counter:[\w-]+$/);
    expect(fromHandle<Counter>(handle)).toEqual(new Counter(77));
  });

  it('name a view of shared memory', () => {
    const view = new Int32Array(segment(5, 400), 40, 10);
    const handle = toHandle(view);
    expect(handle).toMatch(/^forkless:view:/);
    const received = fromHandle<Int32Array>(handle);
    received[9] = 5;
    expect(view[9]).toBe(5);
  });

  it('refuse what is not shared', () => {
    for (const value of [{}, new Uint8Array(4), null, 5, Counter])
      expect(() => toHandle(value as object)).toThrow(TypeError);
  });

  it('refuse texts that are no handles', () => {
    for (const text of [
      '',
      'lock',
      'forkless:',
      'forkless:test-counter',
      'forkless:test-counter:',
      'other:test-counter:AAAA',
      'forkless:a:b c',
      5,
      null,
    ]) {
      expect(() => fromHandle(text as string)).toThrow(TypeError);
    }
  });

  it('name an unknown kind and the module that knows it', () => {
    class Stranger {
      readonly offset = 0;
    }
    registerShareable(Stranger, {
      tag: 'stranger',
      module: 'file:///strange.js',
      share: () => 1,
      attach: () => new Stranger(),
    });
    const bytes = Buffer.from(encode(new Stranger()).bytes);
    bytes.write('strangex', bytes.indexOf('stranger'), 'latin1');
    expect(() => fromHandle(`forkless:strangex:${bytes.toString('base64url')}`)).toThrow(SerializationError);
    expect(() => fromHandle(`forkless:strangex:${bytes.toString('base64url')}`)).toThrow(
      /knows no shared objects of the kind 'strangex'\. Import 'forkless'.*file:\/\/\/strange\.js/,
    );
  });

  it('refuse handles of other versions, and changed ones', () => {
    const handle = toHandle(new Counter(1));
    const data = Buffer.from(handle.split(':')[2] as string, 'base64url');
    expect(() => fromHandle(handle.replace('test-counter', 'view'))).toThrow(/it was changed or cut/);
    expect(() => fromHandle(handle.slice(0, -6))).toThrow(SerializationError);
    data[0] = ((data[0] as number) & 0xf0) | 7;
    expect(() => fromHandle(`forkless:test-counter:${data.toString('base64url')}`)).toThrow(/format 7/);
    expect(() =>
      fromHandle(`forkless:test-counter:${Buffer.from(encode({ a: 1 }).bytes).toString('base64url')}`),
    ).toThrow(/it is not/);
  });
});
