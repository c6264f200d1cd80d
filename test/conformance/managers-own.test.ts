import { BaseManager, Manager, type ObjectProxy, SyncManager } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as work from '../fixtures/managers/conformance.js';
import { expectNoLeaks } from '../helpers/leaks.ts';

class MyManager extends BaseManager {
  declare Foo: () => ObjectProxy & { f: () => string; g: () => never };
  declare Bar: () => ObjectProxy & { f: () => string; _h: () => string };
  declare baz: () => Iterable<number>;
}

MyManager.register('Foo', { callable: work.FooBar });
MyManager.register('Bar', { callable: work.FooBar, exposed: ['f', '_h'] });
MyManager.register('baz', { callable: work.baz });

describe('A manager of one’s own', () => {
  expectNoLeaks();

  const common = (manager: MyManager): void => {
    const [foo, bar, baz] = [manager.Foo(), manager.Bar(), manager.baz()];
    const names = ['f', 'g', '_h'];
    expect(names.filter((name) => name in foo)).toEqual(['f', 'g']);
    expect(names.filter((name) => name in bar)).toEqual(['f', '_h']);
    expect([foo.f(), foo.callMethod('f')]).toEqual(['f()', 'f()']);
    expect(() => foo.g()).toThrow(RangeError);
    expect(() => foo.callMethod('_h')).toThrow(TypeError);
    expect([bar.f(), bar._h(), bar.callMethod('f'), bar.callMethod('_h')]).toEqual(['f()', '_h()', 'f()', '_h()']);
    expect([...baz]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => i * i));
  };

  it('is started and shut down (_TestMyManager.test_mymanager)', async () => {
    const manager = await new MyManager().start();
    common(manager);
    await manager.shutdown();
    expect(manager.process?.exitCode).toBe(0);
  });

  it('is started in a scope (_TestMyManager.test_mymanager_context)', async () => {
    const manager = new MyManager();
    {
      await using started = await manager.start();
      common(started);
    }
    expect(manager.process?.exitCode).toBe(0);
  });

  it('runs its initializer in its server before anything else (TestInitializers.test_manager_initializer)', async () => {
    const manager = new SyncManager();
    await expect(manager.start({ initializer: 1 as never })).rejects.toThrow(TypeError);
    await expect(manager.start({ initialiser: work.addOne } as never)).rejects.toThrow(TypeError);
    await expect(manager.start({ initArgs: 1 as never })).rejects.toThrow(TypeError);
    await using other = await Manager();
    const namespace = other.Namespace({ test: 0 });
    await manager.start({ initializer: work.addOne, initArgs: [namespace] });
    expect(namespace.test).toBe(1);
    await manager.shutdown();
    expect(manager.process?.exitCode).toBe(0);
  });

  it('is started before a scope (_TestMyManager.test_mymanager_context_prestarted)', async () => {
    const manager = await new MyManager().start();
    {
      await using same = manager;
      common(same);
    }
    expect(manager.process?.exitCode).toBe(0);
  });
});
