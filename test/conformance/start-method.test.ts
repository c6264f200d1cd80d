import * as forkless from 'forkless';
import type { Connection } from 'forkless';
import { afterEach, describe, expect, it } from 'vitest';

import { putNested, putStartMethod, sendStartMethod } from '../fixtures/conformance/start-methods.js';

const { getAllStartMethods, getContext, getStartMethod, Pipe, Process, setStartMethod, StateError } = forkless;

const METHODS = ['spawn', 'threads'] as const;

async function methodInChildOf(Class: typeof Process): Promise<unknown> {
  const [ours, theirs] = Pipe() as [Connection, Connection];
  const child = new Class({ target: sendStartMethod, args: [theirs] }).start();
  await child.join();
  return ours.recv();
}

describe('The start method', () => {
  afterEach(() => setStartMethod(null, { force: true }));

  it.each(METHODS)(
    'is that of the context for all that it starts, and for their children: %s (TestStartMethod.test_context)',
    async (method) => {
      const context = getContext(method);
      expect(context.getStartMethod()).toBe(method);
      expect(context.getContext()).toBe(context);
      expect(() => context.setStartMethod('spawn')).toThrow(StateError);
      expect(() => context.setStartMethod(null)).toThrow(StateError);
      expect(await methodInChildOf(context.Process)).toBe(method);
    },
  );

  it('is set once, unless by force, and children inherit it (TestStartMethod.test_set_get)', async () => {
    for (const method of METHODS) {
      setStartMethod(method, { force: true });
      expect(getStartMethod()).toBe(method);
      expect(getContext().getStartMethod()).toBe(method);
      expect(getContext()).toBe(getContext(method));
      expect(() => setStartMethod('spawn')).toThrow(StateError);
      expect(await methodInChildOf(Process)).toBe(method);
    }
  });

  it('is one of a list that begins with the default (TestStartMethod.test_get_all_start_methods)', () => {
    expect(getAllStartMethods()).toEqual(['spawn', 'prewarm', 'threads']);
    expect(getStartMethod()).toBe('spawn');
  });

  it('of one context may be mixed with that of another (TestStartMethod.test_mixed_startmethod)', async () => {
    using queue = new forkless.Queue<string>();
    const ends = METHODS.map((method) =>
      new (getContext(method).Process)({ target: putStartMethod, args: [queue] }).start(),
    );
    for (const child of ends) await child.join();
    expect([await queue.get(), await queue.get()].toSorted()).toEqual(['spawn', 'threads']);
  });

  it('is that of the parent for children of children (TestStartMethod.test_nested_startmethod)', async () => {
    using queue = new forkless.Queue<string>();
    for (const method of METHODS) {
      await new (getContext(method).Process)({ target: putNested, args: [queue] }).start().join();
      expect([await queue.get(), await queue.get()]).toEqual([method, method]);
    }
  });

  it('is settled by who asks for it, or uses it', async () => {
    setStartMethod('spawn');
    setStartMethod(null, { force: true });
    getStartMethod();
    expect(() => setStartMethod('spawn')).toThrow("is 'spawn' already");
    setStartMethod(null, { force: true });
    await new Process().start().join();
    expect(() => setStartMethod('threads')).toThrow("is 'spawn' already");
  });

  it('is refused when it is unknown', () => {
    expect(() => setStartMethod('fork' as never)).toThrow(
      new TypeError("setStartMethod(): there is no start method 'fork', but 'spawn', 'prewarm', 'threads'."),
    );
    expect(() => setStartMethod(null)).toThrow(TypeError);
    expect(() => setStartMethod('spawn', { force: 1 as never })).toThrow('force must be true or false');
    expect(() => setStartMethod('spawn', { forced: true } as never)).toThrow('no option "forced"');
    expect(() => getContext('fork' as never)).toThrow("getContext(): there is no start method 'fork'");
    expect(getStartMethod()).toBe('spawn');
  });
});

describe('A context', () => {
  it('has the whole API', () => {
    expect(Object.keys(getContext('spawn')).toSorted()).toEqual(Object.keys(forkless).toSorted());
    expect(getContext('spawn').Queue).toBe(forkless.Queue);
  });

  it('has a Process that names and prints as Process does', () => {
    const child = new (getContext('spawn').Process)();
    expect(child).toBeInstanceOf(Process);
    expect(child.name).toMatch(/^Process-\d+$/);
  });

  it('travels to other processes', async () => {
    const context = getContext('spawn');
    await using pool = new context.Pool(1);
    expect(await pool.apply((sent: forkless.Context) => sent.getStartMethod(), [context])).toBe('spawn');
    expect(await pool.apply(() => context.getStartMethod())).toBe('spawn');
  });
});
