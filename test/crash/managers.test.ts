import { setTimeout as sleep } from 'node:timers/promises';

import { BaseManager, ClosedError, Event, Manager, type ObjectProxy, Process } from 'forkless';
import { describe, expect, it } from 'vitest';

import { Counter, dieInUpdate, updateForEver } from '../fixtures/managers/clients.js';
import { expectNoLeaks, isRunning, until } from '../helpers/leaks.ts';
import { thrownBy, untilCount } from '../helpers/managers.ts';
import { Program } from '../helpers/programs.ts';

expectNoLeaks();

class CounterManager extends BaseManager {
  declare Counter: () => ObjectProxy<Counter> & { never: () => unknown; block: (ms: number) => void };
}
CounterManager.register('Counter', { callable: Counter });

describe('A manager', () => {
  it('goes on when a client is killed in the middle of an update, which is not done then', async () => {
    await using manager = await Manager();
    const dict = manager.dict<number>({ n: 1 });
    const child = new Process({ target: dieInUpdate, args: [dict] }).start();
    await child.join();
    expect([child.exitCode, dict['n']]).toEqual([-9, 1]);
    expect(dict.update('n', (n) => (n ?? 0) + 1)).toBe(2);
  });

  it('goes on when clients are killed at any moment of their calls', async () => {
    await using manager = await Manager();
    const dict = manager.dict<number>({ n: 0 });
    let last = 0;
    for (let round = 0; round < 8; round++) {
      using started = new Event();
      const child = new Process({ target: updateForEver, args: [dict, started], daemon: true }).start();
      await started.wait();
      await sleep(round);
      child.kill();
      await child.join();
      const now = dict['n'] ?? 0;
      expect(now).toBeGreaterThan(last);
      last = now;
    }
    dict.close();
    await untilCount(manager, 0);
  });

  it('fails the calls under way when its server is killed, and all later ones', async () => {
    await using manager = await new CounterManager().start();
    const counter = manager.Counter();
    const calls = [1, 2, 3].map(() => counter.$.never().catch((error: unknown) => error));
    // Until the server has got them.
    await counter.$.add();
    manager.process?.kill();
    for (const call of calls) expect(await call).toBeInstanceOf(ClosedError);
    expect(thrownBy(() => counter.never())).toBeInstanceOf(ClosedError);
    await expect(counter.$.add()).rejects.toThrow(ClosedError);
    expect(thrownBy(() => manager.Counter())).toBeInstanceOf(ClosedError);
  });

  it('fails a blocking call when its server is killed meanwhile', async () => {
    await using manager = await new CounterManager().start();
    const counter = manager.Counter();
    const killer = new Process({ target: killSoon, args: [manager.process?.pid ?? 0] }).start();
    const error = thrownBy(() => counter.never());
    expect(error).toBeInstanceOf(ClosedError);
    expect((error as Error).message).toMatch(/manager \(pid \d+\) has ended/);
    await killer.join();
  });

  it('is ended by force when its server does not listen', async () => {
    class Stubborn extends CounterManager {}
    const manager = await new Stubborn({ shutdownTimeout: 100 }).start();
    const counter = manager.Counter();
    const blocked = counter.$.block(60_000).catch((error: unknown) => error);
    await sleep(50);
    await manager.shutdown();
    expect(manager.process?.exitCode).toBe(-15);
    expect(await blocked).toBeInstanceOf(ClosedError);
  });

  it('ends with its owner, however that ends', async () => {
    const owner = new Program('managers/owner.mjs', []);
    await owner.printed('ready 1');
    const server = Number(owner.lines.find((line) => line.startsWith('server '))?.slice(7));
    expect(isRunning(server)).toBe(true);
    owner.child.kill('SIGKILL');
    await owner.end;
    await until(() => !isRunning(server), 'the server has ended');
  });
});

export function killSoon(pid: number): void {
  setTimeout(() => process.kill(pid, 'SIGKILL'), 50);
}
