import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  AuthenticationError,
  type BaseManager,
  Client,
  ClosedError,
  Event,
  type ListProxy,
  type ManagerOptions,
  type ObjectProxy,
  Process,
  type Queue,
  ResourceError,
  SerializationError,
  StateError,
  SyncManager,
  TimeoutError,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import type { Counter } from '../fixtures/managers/clients.js';
import { holdCounter, RemoteClient, RemoteManager } from '../fixtures/managers/remote.js';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { thrownBy, untilCount } from '../helpers/managers.ts';

expectNoLeaks();

const LOCAL = ['127.0.0.1', 0] as const;

interface Remote extends BaseManager {
  getList(): ListProxy;
  getQueue(): ObjectProxy<Queue> & { get(): unknown; put(item: unknown): void };
  Counter(
    n?: number,
  ): ObjectProxy<Counter> & { add(by?: number): number; fail(): never; never(): unknown; block(ms: number): void };
  echo<T>(value: T): T;
  unknown(): unknown;
}

const serverAt = (options: ManagerOptions): Remote => new RemoteManager(options) as Remote;
const clientAt = (options: ManagerOptions): Remote => new RemoteClient(options) as Remote;

async function started(options: ManagerOptions = {}): Promise<Remote> {
  return (await serverAt({ address: LOCAL, authkey: 'secret', ...options }).start()) as Remote;
}

async function clientOf(server: Remote, options: ManagerOptions = {}): Promise<Remote> {
  const { address } = server;
  if (address === undefined) throw new Error('The server has no address');
  return (await clientAt({ address, authkey: 'secret', ...options }).connect()) as Remote;
}

function addressOf(server: BaseManager): readonly [string, number] {
  return server.address as readonly [string, number];
}

describe('A manager at an address', () => {
  it.each([
    ['TCP', LOCAL],
    ['Unix sockets', join(tmpdir(), `forkless-manager-${process.pid}`)],
  ])('keeps its objects for all clients, over %s', async (_, address) => {
    await using server = await started({ address });
    {
      await using client = await clientOf(server);
      client.getList().append('first');
    }
    await using client = await clientOf(server);
    const list = client.getList();
    list.push({ a: [1] }, 'third');
    expect([list.length, list[0], list.toJSON()]).toEqual([3, 'first', ['first', { a: [1] }, 'third']]);
    (list[1] as { a: number[] }).a.push(2);
    expect(await server.getList().$.toJSON()).toEqual(['first', { a: [1, 2] }, 'third']);
    expect(client.getList()).toBe(list);
    list.push(list, [list[1]]);
    expect([list.at(3) === list, list.index(list)]).toEqual([true, 3]);
  });

  it('is served by a process of one’s own, by what that process has', async () => {
    const manager = serverAt({ address: LOCAL, authkey: 'secret' });
    const server = manager.getServer();
    const serving = server.serveForever();
    const client = (await clientAt({ address: server.address, authkey: 'secret' }).connect()) as Remote;
    const list = (await client.createAsync('getList')) as ListProxy;
    expect(await list.$.push('a')).toBe(1);
    expect(await ((await client.createAsync('getList')) as ListProxy).$.copy()).toEqual(['a']);
    // It is the list of this process, which later servers begin with.
    await list.$.clear();
    await client.shutdown();
    server.close();
    await serving;
  });

  it('refuses a wrong key, and goes on', async () => {
    await using server = await started();
    await expect(clientOf(server, { authkey: 'wrong' })).rejects.toThrow(AuthenticationError);
    await using client = await clientOf(server);
    expect(client.echo('still there')).toBe('still there');
  });

  it('has the key of the family when it is not told another one', async () => {
    await using server = (await serverAt({ address: LOCAL }).start()) as Remote;
    await using client = (await clientAt({ address: addressOf(server) }).connect()) as Remote;
    expect(client.echo(1)).toBe(1);
    await expect(clientOf(server)).rejects.toThrow(AuthenticationError);
  });

  it('refuses types that are not registered, and methods that are not exposed', async () => {
    await using server = await started();
    await using client = await clientOf(server);
    expect(thrownBy(() => client.unknown())).toMatchObject({ message: /has no type 'unknown'/ });
    const counter = client.Counter(1);
    for (const name of ['constructor', '__proto__', 'toString', 'addSync', '_hidden', 'hasOwnProperty', '']) {
      expect(thrownBy(() => counter.callMethod(name))).toMatchObject({
        name: 'TypeError',
        message: /exposes no method/,
      });
    }
    const list = client.getList() as unknown as ObjectProxy;
    await expect((list.$ as Record<string, () => Promise<unknown>>)['constructor']?.()).rejects.toThrow(
      /exposes no method/,
    );
    expect(counter.add(2)).toBe(3);
    expect(thrownBy(() => counter.fail())).toMatchObject({ name: 'RangeError', message: 'the counter is broken' });
  });

  it('takes and gives data only', async () => {
    await using server = await started();
    await using client = await clientOf(server);
    const value = { at: new Date(5), map: new Map([[1, new Set([2])]]), bytes: new Uint8Array([1]), big: 10n };
    expect((client.echo({ value }) as unknown as { toJSON(): unknown }).toJSON()).toEqual({
      value: { ...value, map: { 1: new Set([2]) } },
    });
    const list = client.getList();
    expect(thrownBy(() => list.push(() => 1))).toBeInstanceOf(SerializationError);
    using event = new Event();
    await expect(list.$.push(event)).rejects.toThrow(SerializationError);
    await expect(list.$.push(server.getList())).rejects.toThrow(/which does not know it/);
    expect(list.push(1)).toBe(1);
  });

  it('does not know the objects that other clients were given', async () => {
    await using server = await started();
    await using client = await clientOf(server);
    const counter = client.Counter(5);
    expect(counter.add(1)).toBe(6);
    using foreign = await Client(addressOf(server), { authkey: 'secret' });
    await foreign.send(['forkless manager 1', 'another']);
    await foreign.send([1, 1, 'add', [1], []]);
    const [, status] = (await foreign.recv()) as unknown[];
    expect(status).toBe(1);
    expect(counter.add(1)).toBe(7);
  });

  it.each([
    ['nothing at all', () => {}],
    ['nothing of the protocol', (send: (message: unknown) => void) => send('hello')],
    [
      'a greeting, and no request',
      (send: (message: unknown) => void) => [['forkless manager 1', 'x'], { a: 1 }].forEach(send),
    ],
    [
      'a request with a proxy where nothing is',
      (send: (message: unknown) => void) =>
        [
          ['forkless manager 1', 'x'],
          [1, 0, 'create', ['echo', 1], [[['__proto__', 'a'], 1]]],
        ].forEach(send),
    ],
  ])('gives up a peer that sends %s, and goes on', async (_, sendAll) => {
    await using server = await started({ handshakeTimeout: 500 });
    using peer = await Client(addressOf(server), { authkey: 'secret' });
    sendAll((message) => void peer.send(message).catch(() => {}));
    await expect(peer.recv({ timeout: 10_000 })).rejects.toMatchObject({ code: /ERR_MP_EOF|ERR_MP_RESOURCE/ });
    await using client = await clientOf(server);
    expect(client.echo(1)).toBe(1);
  });

  it('goes on when peers send garbage, are silent, or send more than is allowed', async () => {
    await using server = await started({ maxMessageBytes: 10_000, handshakeTimeout: 1000 });
    const [host, port] = addressOf(server);
    const peers = ['GET / HTTP/1.1\r\n\r\n', '', '\xff'.repeat(1000)].map((text) => {
      const socket = createConnection(port, host, () => socket.write(text, 'latin1'));
      return socket.on('error', () => {});
    });
    await using client = await clientOf(server);
    const list = client.getList();
    expect(thrownBy(() => list.push('x'.repeat(20_000)))).toBeInstanceOf(ClosedError);
    expect(list.push(1)).toBe(1);
    for (const peer of peers) peer.destroy();
  });

  it('refuses at once where nobody listens, and where somebody listens already', async () => {
    await using server = await started();
    await expect(serverAt({ address: addressOf(server), authkey: 'secret' }).start()).rejects.toThrow(ResourceError);
    const free = clientAt({ address: join(tmpdir(), 'forkless-nobody'), authkey: 'x' });
    await expect(free.connect()).rejects.toMatchObject({ errno: 'ENOENT' });
    await expect(clientAt({}).connect()).rejects.toThrow(StateError);
    expect(() => clientAt({ authkey: 'x' })).toThrow(/'authkey' is for a manager with an address/);
  });

  it('fails calls when its server is gone, and can be connected anew at the same address', async () => {
    const server = await started();
    const address = addressOf(server);
    await using client = await clientOf(server);
    const counter = client.Counter();
    const never = counter.$.never().catch((error: unknown) => error);
    expect(counter.add()).toBe(1);
    server.process?.kill();
    expect(await never).toBeInstanceOf(ClosedError);
    expect(thrownBy(() => counter.add())).toBeInstanceOf(ClosedError);
    await server.shutdown();
    await using again = (await serverAt({ address, authkey: 'secret' }).start()) as Remote;
    expect(again.address).toEqual(address);
    await client.shutdown();
    await client.connect();
    expect(client.Counter().add()).toBe(1);
  });

  it('ends a blocking call that takes too long', async () => {
    await using server = await started();
    await using client = await clientOf(server, { callTimeout: 100 });
    const counter = client.Counter();
    expect(thrownBy(() => counter.never())).toBeInstanceOf(TimeoutError);
    expect(counter.add()).toBe(1);
  });

  it('forgets what a client was given when that gives it up, disconnects or dies', async () => {
    await using server = await started();
    const client = await clientOf(server);
    const [counter, other] = [client.Counter(), client.Counter()];
    expect(await client.countObjects()).toBe(2);
    counter[Symbol.dispose]();
    expect(await client.countObjects()).toBe(1);
    expect(other.add()).toBe(1);
    using ready = new Event();
    const child = new Process({
      target: holdCounter,
      args: [addressOf(server), 'secret', ready],
      daemon: true,
    }).start();
    await ready.wait();
    expect(await client.countObjects()).toBe(2);
    child.kill();
    await child.join();
    await untilCount(server, 1);
    await client.shutdown();
    await untilCount(server, 0);
  });

  it('has the containers of a SyncManager', async () => {
    await using server = await new SyncManager({ address: LOCAL, authkey: 'secret' }).start();
    await using client = await new SyncManager({ address: addressOf(server), authkey: 'secret' }).connect();
    const dict = client.dict({ n: 1, list: [1] });
    const namespace = client.Namespace({ a: 3 });
    namespace.a **= 2;
    expect(dict.update('n', (n) => (n as number) + 1)).toBe(2);
    expect(await dict.$.update('n', (n) => (n as number) + 1)).toBe(3);
    (dict['list'] as number[]).push(2);
    expect([dict.toJSON(), namespace.a, [...client.Array('i', [1, 2])]]).toEqual([{ n: 3, list: [1, 2] }, 9, [1, 2]]);
    using queue = client.Queue();
    expect(thrownBy(() => dict.set('queue', queue as never))).toBeInstanceOf(SerializationError);
    expect(thrownBy(() => client.Pool(1).apply(() => 1))).toBeInstanceOf(SerializationError);
  });
});
