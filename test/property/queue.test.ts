import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromHandle, Lock, Queue, QueueEmptyError, QueueFullError, toHandle } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { expectNoTraces } from '../helpers/queues.ts';
import { faultsOf } from '../helpers/shared-memory.ts';

expectNoTraces();

interface Item {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly lock?: Lock;
}

/** What a queue should be: a list of the sizes of its items, and whether they have a lock. */
interface Model {
  readonly maxSize: number;
  readonly items: { readonly number: number; readonly size: number; readonly shared: boolean }[];
  next: number;
}

/** The same queue twice, as two processes have it. */
type Real = readonly Queue<Item>[];
const FORMS = ['async', 'sync', 'try', 'nowait'] as const;
type Form = (typeof FORMS)[number];

class Put implements fc.AsyncCommand<Model, Real> {
  readonly handle: number;
  readonly form: Form;
  readonly size: number;
  readonly shared: boolean;

  constructor(handle: number, form: Form, size: number, shared: boolean) {
    this.handle = handle;
    this.form = form;
    this.size = size;
    this.shared = shared;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const queue = real[this.handle] as Queue<Item>;
    const number = model.next++;
    const lock = this.shared ? new Lock() : undefined;
    const item = { number, bytes: new Uint8Array(this.size).fill(number), ...(lock === undefined ? {} : { lock }) };
    const put = putAs(this.form, queue, item);
    if (model.maxSize > 0 && model.items.length >= model.maxSize) {
      await expect(put).rejects.toThrow(QueueFullError);
    } else {
      await put;
      model.items.push({ number, size: this.size, shared: this.shared });
    }
    lock?.close();
    expectState(model, real);
  }

  toString(): string {
    return `put(${this.form}, ${this.size}${this.shared ? ', shared' : ''}) by ${this.handle}`;
  }
}

class Get implements fc.AsyncCommand<Model, Real> {
  readonly handle: number;
  readonly form: Form;

  constructor(handle: number, form: Form) {
    this.handle = handle;
    this.form = form;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const get = getAs(this.form, real[this.handle] as Queue<Item>);
    const expected = model.items.shift();
    if (expected === undefined) {
      await expect(get).rejects.toThrow(QueueEmptyError);
    } else {
      const { number, bytes, lock } = await get;
      expect([number, bytes.byteLength]).toEqual([expected.number, expected.size]);
      expect(bytes.every((byte) => byte === (number & 255))).toBe(true);
      expect(lock?.tryAcquire()).toBe(expected.shared ? true : undefined);
      lock?.close();
    }
    expectState(model, real);
  }

  toString(): string {
    return `get(${this.form}) by ${this.handle}`;
  }
}

async function putAs(form: Form, queue: Queue<Item>, item: Item): Promise<void> {
  if (form === 'async') return queue.put(item, { block: false });
  if (form === 'sync') return queue.putSync(item, { timeout: 0 });
  if (form === 'nowait') return queue.putNowait(item);
  if (!queue.tryPut(item)) throw new QueueFullError('tryPut() has returned false');
}

async function getAs(form: Form, queue: Queue<Item>): Promise<Item> {
  if (form === 'async') return queue.get({ block: false });
  if (form === 'sync') return queue.getSync({ timeout: 0 });
  if (form === 'nowait') return queue.getNowait();
  const item = queue.tryGet();
  if (item === undefined) throw new QueueEmptyError('tryGet() has returned nothing');
  return item;
}

function expectState({ maxSize, items }: Model, real: Real): void {
  for (const queue of real) {
    const isFull = maxSize > 0 && items.length === maxSize;
    expect([queue.qsize(), queue.empty(), queue.full()]).toEqual([items.length, items.length === 0, isFull]);
  }
}

const handle = fc.nat(1);
const form = fc.constantFrom(...FORMS);
/** Around the ends of segments, and of what goes into one, too. */
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(40_000) },
  { weight: 1, arbitrary: fc.integer({ min: 32_500, max: 32_800 }) },
  { weight: 1, arbitrary: fc.nat(300_000) },
);
const isShared = fc.nat(9).map((number) => number === 0);

describe('A Queue', () => {
  it('is a list, whatever is put and taken by whomever and in whichever form', { timeout: 120_000 }, async () => {
    const commands = fc.commands(
      [
        fc.tuple(handle, form, size, isShared).map((put) => new Put(...put)),
        fc.tuple(handle, form).map((get) => new Get(...get)),
      ],
      { maxCommands: 120, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, fc.constantFrom(0, 1, 2, 5, 50), async (steps, maxSize) => {
        const queue = new Queue<Item>(maxSize);
        const same = fromHandle(toHandle(queue)) as Queue<Item>;
        try {
          await fc.asyncModelRun(() => ({ model: { maxSize, items: [], next: 0 }, real: [queue, same] }), steps);
        } finally {
          queue.close();
          same.close();
        }
        expect(faultsOf(familyArena())).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
