import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { AuthenticationError, Client, ClientSync, Listener, Process, ResourceError, TimeoutError } from 'forkless';
import type { SocketConnection } from 'forkless';
import { describe, expect, it } from 'vitest';

import { greet } from '../fixtures/managers/network-party.js';
import { expectNoLeaks, until } from '../helpers/leaks.ts';
import { errorOf } from '../helpers/pipes.ts';
import { Program } from '../helpers/programs.ts';

const authkey = 'the secret key';

const portOf = (listener: Listener): number => listener.address[1] as number;
const raw = async (listener: Listener): Promise<Socket> => {
  const socket = connect(portOf(listener), '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
};
const atAnyPort = (options = {}): Listener => new Listener(['localhost', 0], { authkey, ...options });

describe('A Listener', () => {
  expectNoLeaks();

  it('has a file for this user only, which goes with it', () => {
    const listener = new Listener();
    const path = listener.address as string;
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(dirname(path)).mode & 0o777).toBe(0o700);
    listener.close();
    listener.close();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('does not remove what somebody else has put in the place of its file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'forkless-test-'));
    const path = join(folder, 'socket');
    const listener = new Listener(path);
    unlinkSync(path);
    writeFileSync(path, 'mine');
    listener.close();
    expect(existsSync(path)).toBe(true);
    expect(() => new Listener(path)).toThrow(/remove it if its listener was killed/);
    rmSync(folder, { recursive: true });
  });

  it.each(['end', 'exit', 'throw'])('leaves no file behind when its process ends (%s)', async (how) => {
    const program = new Program('managers/forgotten-listener.mjs', [how]);
    const { lines } = await program.end;
    expect(lines).toHaveLength(1);
    expect(existsSync(lines[0] as string)).toBe(false);
    expect(existsSync(dirname(lines[0] as string))).toBe(false);
  });

  it('knows where it listens, and where the last connection came from', async () => {
    using listener = new Listener(['localhost', 0]);
    expect(listener.address).toEqual(['127.0.0.1', portOf(listener)]);
    expect(portOf(listener)).toBeGreaterThan(0);
    expect(listener.lastAccepted).toBeUndefined();
    using client = ClientSync(listener.address);
    using accepted = listener.acceptSync();
    expect(listener.lastAccepted).toEqual(['127.0.0.1', expect.any(Number)]);
    expect(inspect(accepted)).toMatch(/^SocketConnection { peer: '127.0.0.1:\d+', open }$/);
    expect(inspect(client)).toBe(`SocketConnection { peer: '127.0.0.1:${portOf(listener)}', open }`);
    expect(inspect(listener)).toBe(`Listener { address: '127.0.0.1:${portOf(listener)}', open }`);
  });

  it('listens on IPv6, if the address or the family says so', async () => {
    using listener = new Listener(['::1', 0]);
    expect(listener.address[0]).toBe('::1');
    using client = await Client(['::1', portOf(listener)], { family: 'AF_INET6' });
    using accepted = await listener.accept();
    await client.send('six');
    expect(await accepted.recv()).toBe('six');
  });

  it('waits no longer than it shall, in both forms', async () => {
    using listener = atAnyPort();
    const begin = performance.now();
    await expect(listener.accept({ timeout: 40 })).rejects.toBeInstanceOf(TimeoutError);
    expect(() => listener.acceptSync({ timeout: 40 })).toThrow(TimeoutError);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(80);
    await expect(listener.accept({ timeout: 0 })).rejects.toBeInstanceOf(TimeoutError);
    expect(() => listener.acceptSync({ timeout: 0 })).toThrow(TimeoutError);
  });

  it('leaves no ghost behind when a wait is aborted or timed out: the next one gets the connection', async () => {
    using listener = new Listener();
    const aborting = new AbortController();
    const aborted = listener.accept({ signal: aborting.signal });
    const late = listener.accept({ timeout: 10 });
    aborting.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(late).rejects.toBeInstanceOf(TimeoutError);
    const next = listener.accept();
    using client = await Client(listener.address);
    using accepted = await next;
    await client.send(1);
    expect(await accepted.recv()).toBe(1);
  });

  it('rejects who waits when it is closed', async () => {
    const listener = new Listener();
    const waiting = listener.accept();
    listener.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
  });

  it('lets others in while one says nothing, and refuses that one in time', async () => {
    using listener = atAnyPort({ handshakeTimeout: 300 });
    const silent = (await raw(listener)).resume();
    const first = listener.accept();
    using client = await Client(listener.address, { authkey });
    using accepted = await first;
    await client.send('in');
    expect(await accepted.recv()).toBe('in');
    await expect(listener.accept()).rejects.toThrow(/did not prove in time/);
    await until(() => silent.destroyed, 'the silent one is refused');
    silent.destroy();
  });

  it('refuses who says nothing when it blocks, too, and within the time of the call', async () => {
    using listener = atAnyPort();
    const silent = await raw(listener);
    expect(() => listener.acceptSync({ timeout: 200 })).toThrow(AuthenticationError);
    silent.destroy();
  });

  const GARBAGE: Readonly<Record<string, Buffer>> = {
    HTTP: Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    'a long message': Buffer.concat([Buffer.from([0, 0, 2, 0]), Buffer.alloc(512)]),
    'a message of endless length': Buffer.from([
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ]),
    'a negative length': Buffer.from([0x80, 0, 0, 0]),
    'half a message': Buffer.from([0, 0, 0, 9, 1]),
    'an empty answer': Buffer.from([0, 0, 0, 0]),
    'a wrong answer': Buffer.concat([Buffer.from([0, 0, 0, 40]), Buffer.from('{sha256}'), Buffer.alloc(32)]),
    'another digest': Buffer.concat([Buffer.from([0, 0, 0, 28]), Buffer.from('{sha1}'), Buffer.alloc(22)]),
    MD5: Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.alloc(16)]),
    'nothing at all': Buffer.alloc(0),
  };
  it.each(Object.entries(GARBAGE))('refuses who sends %s, and goes on', async (_, bytes) => {
    using listener = atAnyPort({ handshakeTimeout: 500 });
    for (const form of ['async', 'sync']) {
      const socket = await raw(listener);
      socket.resume().end(bytes);
      const error = await errorOf(() => (form === 'sync' ? listener.acceptSync() : listener.accept()));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(inspect(error, { depth: 9 })).not.toContain(authkey);
      socket.destroy();
    }
    const next = listener.accept();
    using client = await Client(listener.address, { authkey });
    using accepted = await next;
    await client.send('still there');
    expect(await accepted.recv()).toBe('still there');
  });

  it('refuses another key, on both sides and in all forms, and nobody prints one', async () => {
    using listener = atAnyPort();
    const outcomes: unknown[] = [];
    const refused = listener.accept().catch((error: unknown) => outcomes.push(error));
    await Client(listener.address, { authkey: 'another secret' }).catch((error: unknown) => outcomes.push(error));
    await refused;
    const child = new Process({
      target: greet,
      args: ['sync', listener.address, { authkey: 'another secret' }],
      stdio: 'ignore',
    }).start();
    outcomes.push(await errorOf(() => listener.acceptSync({ timeout: 20_000 })));
    await child.join();
    expect(child.exitCode).not.toBe(0);
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => expect.any(AuthenticationError) as unknown));
    expect(inspect([...outcomes, listener], { depth: 9, showHidden: true })).not.toMatch(/secret|[0-9a-f]{32}/);
  });

  it('closes those who have not proved anything yet when it is closed', async () => {
    const listener = atAnyPort();
    const waiting = listener.accept();
    const silent = (await raw(listener)).resume();
    // Until it has been asked.
    await once(silent, 'data');
    listener.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
    await until(() => silent.destroyed, 'the silent one is closed');
  });

  it('lets hundreds in at once', async () => {
    using listener = atAnyPort({ backlog: 300 });
    const accepted: SocketConnection[] = [];
    const accepting = (async () => {
      while (accepted.length < 200) accepted.push(await listener.accept());
    })();
    const clients = await Promise.all(Array.from({ length: 200 }, () => Client(listener.address, { authkey })));
    await accepting;
    for (const connection of [...clients, ...accepted]) connection.close();
  });

  it('says what is wrong with its arguments, before anything happens', () => {
    const wrong: [unknown, unknown, RegExp][] = [
      [5, {}, /path or \[host, port\]/],
      ['', {}, /path is empty/],
      ['a\0b', {}, /zero/],
      [`/tmp/${'x'.repeat(200)}`, {}, /at most 107/],
      [['localhost', -1], {}, /0 to 65535/],
      [['localhost', '1'], {}, /port must be a number/],
      [['', 1], {}, /host/],
      [['localhost', 0], { family: 'AF_UNIX' }, /no address of the family AF_UNIX/],
      [undefined, { authkey: '' }, /authkey is empty/],
      [undefined, { authkey: 5 }, /string or a Uint8Array/],
      [undefined, { authKey: 'a' }, /no option "authKey"/],
      [undefined, { backlog: 0 }, /backlog/],
      [undefined, { allowMd5: 1 }, /allowMd5/],
      [undefined, { handshakeTimeout: 0 }, /handshakeTimeout/],
      [undefined, { maxMessageBytes: 'a' }, /maxMessageBytes/],
    ];
    for (const [address, options, message] of wrong) {
      expect(() => new Listener(address as never, options as never)).toThrow(message);
    }
  });
});

describe('A Client', () => {
  expectNoLeaks();

  it('says where nobody listens', async () => {
    const listener = new Listener(['localhost', 0]);
    const { address } = listener;
    listener.close();
    await expect(Client(address)).rejects.toMatchObject({ errno: 'ECONNREFUSED' });
    expect(() => ClientSync(address)).toThrow(expect.objectContaining({ errno: 'ECONNREFUSED' }));
    await expect(Client('/nowhere/at/all')).rejects.toMatchObject({ errno: 'ENOENT' });
    await expect(Client(['no.such.host.invalid', 1])).rejects.toBeInstanceOf(ResourceError);
    expect(() => ClientSync(['no.such.host.invalid', 1])).toThrow(ResourceError);
  });

  it('waits for room in the backlog, and no longer than it shall', async () => {
    using listener = new Listener(undefined, { backlog: 1 });
    const waiting = Array.from({ length: 6 }, () => Client(listener.address, { timeout: 20_000 }));
    await expect(Client(listener.address, { timeout: 30 })).rejects.toBeInstanceOf(TimeoutError);
    expect(() => ClientSync(listener.address, { timeout: 30 })).toThrow(TimeoutError);
    const signal = AbortSignal.timeout(30);
    await expect(Client(listener.address, { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    for (let i = 0; i < waiting.length; i++) (await listener.accept()).close();
    for (const client of await Promise.all(waiting)) client.close();
  });

  it('does not wait for ever for a peer that does not answer', async () => {
    using listener = new Listener();
    const wrong = { authkey, handshakeTimeout: 50 };
    await expect(Client(listener.address, wrong)).rejects.toThrow(/did not prove in time/);
    expect(() => ClientSync(listener.address, wrong)).toThrow(/did not prove in time/);
    const aborting = AbortSignal.timeout(50);
    await expect(Client(listener.address, { authkey, signal: aborting })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('A worker thread', () => {
  expectNoLeaks();

  it('can be terminated while it waits, and leaves nothing behind', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(new URL('../fixtures/managers/waits-for-ever.mjs', import.meta.url));
      const [path] = (await once(worker, 'message')) as [string];
      expect(existsSync(path)).toBe(true);
      await worker.terminate();
      expect(existsSync(dirname(path))).toBe(false);
    }
  });
});
