import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { ClosedError, EOFError, FloatChannel, StateError } from '../../dist/index.js';
import { familyHolds } from '../helpers/shared-memory.ts';

const CAPACITY = 4;

/** What a channel should be: a list, and who has which end in its hands. */
interface Model {
  readonly slots: number;
  messages: number[];
  next: number;
  closed: boolean;
  writer: number | undefined;
  reader: number | undefined;
  readonly gone: Set<number>;
}

type Real = FloatChannel[];

type Expected = typeof ClosedError | typeof EOFError | typeof StateError;

/** Runs `call`, which must throw `error` if there is one. */
function runs<R>(call: () => R, error: Expected | undefined): R | undefined {
  if (error === undefined) return call();
  expect(call).toThrow(error);
  return undefined;
}

abstract class Command implements fc.Command<Model, Real> {
  readonly handle: number;

  constructor(handle: number) {
    this.handle = handle;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    const channel = real[this.handle];
    if (channel === undefined) throw new Error('no such handle');
    if (model.gone.has(this.handle)) expect(() => this.call(channel, model)).toThrow(ClosedError);
    else this.act(model, channel);
    real.forEach((other, handle) => {
      if (!model.gone.has(handle)) expect([other.size, other.closed]).toEqual([model.messages.length, model.closed]);
    });
  }

  toString(): string {
    return `${this.constructor.name}(${this.handle})`;
  }

  /** What is done with the real thing. */
  abstract call(channel: FloatChannel, model: Model): unknown;
  /** The same with both, compared. */
  abstract act(model: Model, channel: FloatChannel): void;
}

/** A message of the model: its number, as often as its length says. */
function contentOf(value: number): number[] {
  return Array.from({ length: value % (CAPACITY + 1) }, () => value);
}

const views = new WeakMap<FloatChannel, Float64Array>();

class Reserve extends Command {
  call(channel: FloatChannel): Float64Array | undefined {
    const view = channel.tryReserve();
    if (view !== undefined) views.set(channel, view);
    return view;
  }

  act(model: Model, channel: FloatChannel): void {
    const own = model.writer === this.handle;
    const error = own ? StateError : model.closed ? ClosedError : undefined;
    const view = runs(() => this.call(channel), error);
    if (error !== undefined) return;
    const free = model.writer === undefined && model.messages.length < model.slots;
    expect(view?.length).toBe(free ? CAPACITY : undefined);
    if (free) model.writer = this.handle;
  }
}

class Commit extends Command {
  call(channel: FloatChannel, model: Model): void {
    channel.commit(contentOf(model.next).length);
  }

  act(model: Model, channel: FloatChannel): void {
    if (model.writer !== this.handle) return void runs(() => channel.commit(0), StateError);
    model.writer = undefined;
    views.get(channel)?.set(contentOf(model.next));
    runs(() => this.call(channel, model), model.closed ? ClosedError : undefined);
    if (!model.closed) model.messages.push(model.next++);
  }
}

class Abort extends Command {
  call(channel: FloatChannel): void {
    channel.abort();
  }

  act(model: Model, channel: FloatChannel): void {
    runs(() => this.call(channel), model.writer === this.handle ? undefined : StateError);
    if (model.writer === this.handle) model.writer = undefined;
  }
}

class Send extends Command {
  call(channel: FloatChannel, model: Model): boolean {
    return channel.trySend(contentOf(model.next));
  }

  act(model: Model, channel: FloatChannel): void {
    const sent = runs(() => this.call(channel, model), model.closed ? ClosedError : undefined);
    if (model.closed) return;
    const free = model.writer === undefined && model.messages.length < model.slots;
    expect(sent).toBe(free);
    if (free) model.messages.push(model.next++);
  }
}

class Receive extends Command {
  call(channel: FloatChannel): Float64Array | undefined {
    return channel.tryRecv();
  }

  act(model: Model, channel: FloatChannel): void {
    const over = model.closed && model.messages.length === 0;
    const message = runs(() => this.call(channel), over ? EOFError : undefined);
    const free = model.reader === undefined && model.messages.length > 0;
    expect(message && [...message]).toEqual(free ? contentOf(model.messages.shift() ?? 0) : undefined);
  }
}

class Peek extends Command {
  call(channel: FloatChannel): Float64Array | undefined {
    return channel.tryPeek();
  }

  act(model: Model, channel: FloatChannel): void {
    const own = model.reader === this.handle;
    const over = model.closed && model.messages.length === 0;
    const view = runs(() => this.call(channel), own ? StateError : over ? EOFError : undefined);
    if (own) return;
    const free = model.reader === undefined && model.messages.length > 0;
    expect(view && [...view]).toEqual(free ? contentOf(model.messages[0] ?? 0) : undefined);
    if (free) model.reader = this.handle;
  }
}

class Release extends Command {
  call(channel: FloatChannel): void {
    channel.release();
  }

  act(model: Model, channel: FloatChannel): void {
    const own = model.reader === this.handle;
    runs(() => this.call(channel), own ? undefined : StateError);
    if (!own) return;
    model.reader = undefined;
    model.messages.shift();
  }
}

class Detach extends Command {
  override run(model: Model, real: Real): void {
    real[this.handle]?.detach();
    if (model.writer === this.handle) model.writer = undefined;
    if (model.reader === this.handle) model.reader = undefined;
    model.gone.add(this.handle);
  }
  call(): void {}
  act(): void {}
}

class Close extends Command {
  override run(model: Model, real: Real): void {
    real[this.handle]?.close();
    if (model.gone.has(this.handle)) return;
    if (model.writer === this.handle) model.writer = undefined;
    if (model.reader === this.handle) {
      model.reader = undefined;
      model.messages.shift();
    }
    model.closed = true;
    model.gone.add(this.handle);
  }
  call(): void {}
  act(): void {}
}

const HANDLES = 4;
const handle = fc.integer({ min: 0, max: HANDLES - 1 });
const often = [Reserve, Commit, Abort, Send, Send, Receive, Receive, Peek, Release];
const commands = fc.commands(
  [
    ...often.map((Kind) => handle.map((index) => new Kind(index))),
    handle.map((index) => new Detach(index)),
    handle.map((index) => new Close(index)),
  ],
  { maxCommands: 120, size: 'max' },
);

afterEach(() => {
  expect(familyHolds()).toBe(0);
});

describe('A slot ring', () => {
  it('does what a list with two owners does, whoever calls what', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), commands, (slots, list) => {
        const first = new FloatChannel(CAPACITY, { slots });
        const real = [
          first,
          ...Array.from({ length: HANDLES - 1 }, () => FloatChannel.attach(first.share()) as FloatChannel),
        ];
        const model: Model = {
          slots,
          messages: [],
          next: 0,
          closed: false,
          writer: undefined,
          reader: undefined,
          gone: new Set(),
        };
        try {
          fc.modelRun(() => ({ model, real }), list);
        } finally {
          for (const channel of real) channel.detach();
        }
      }),
      { numRuns: 300 },
    );
  });
});
