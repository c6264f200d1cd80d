import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AuthenticationError, Client, ClientSync, EOFError, Listener, SerializationError } from 'forkless';
import type { Address, NetworkOptions, SocketConnection } from 'forkless';
import { describe, expect, it } from 'vitest';

import { expectNoLeaks } from '../helpers/leaks.ts';
import { areEqual, pattern } from '../helpers/pipes.ts';
import { isAtLeast, PythonProgram, PYTHONS } from '../helpers/python.ts';
import type { Python } from '../helpers/python.ts';

const KEY = 'a key with ünicode';
let names = 0;

const FAMILIES: Readonly<Record<string, () => Address>> = {
  AF_INET: () => ['localhost', 0],
  AF_UNIX: () => join(tmpdir(), `forkless-python-${process.pid}-${(names += 1)}`),
};

/** A handshake to be tried with a Python. */
interface Try {
  readonly role: 'listen' | 'connect';
  readonly handshake: string;
  readonly allowMd5: boolean;
}

/** Its own one, and with the first Python also the newer ones, which it would not know. */
function handshakesOf(python: Python): Try[] {
  const newer = python === PYTHONS[0] ? ['new', 'sha384', 'sha3_256'] : [];
  return ['own', ...newer].flatMap((handshake) =>
    (['listen', 'connect'] as const).map((role) => {
      return { role, handshake, allowMd5: handshake === 'own' && !isAtLeast(python, '3.12') };
    }),
  );
}

async function meet(
  python: Python,
  role: 'listen' | 'connect',
  address: Address,
  {
    handshake = 'own',
    theirKey = KEY,
    sync = false,
    ...options
  }: NetworkOptions & {
    readonly handshake?: string;
    readonly theirKey?: string;
    readonly sync?: boolean;
  },
): Promise<{ readonly peer: PythonProgram; readonly connection: Promise<SocketConnection> }> {
  const args = (at: Address): string[] => [role, JSON.stringify(at), theirKey, handshake];
  if (role === 'listen') {
    const peer = new PythonProgram(python, 'managers/network_peer.py', args(address));
    const at = JSON.parse(await peer.line()) as Address;
    const connection = sync
      ? Promise.resolve().then(() => ClientSync(at, { ...options, timeout: 20_000 }))
      : Client(at, { ...options, timeout: 20_000 });
    return { peer, connection };
  }
  const listener = new Listener(address, options);
  const peer = new PythonProgram(python, 'managers/network_peer.py', args(listener.address));
  await peer.line();
  const connection = sync
    ? Promise.resolve().then(() => listener.acceptSync({ timeout: 20_000 }))
    : listener.accept({ timeout: 20_000 });
  connection.then(
    () => listener.close(),
    () => listener.close(),
  );
  return { peer, connection };
}

describe.skipIf(PYTHONS.length === 0)('Connections over the network', () => {
  expectNoLeaks();

  describe.each(PYTHONS.map((python) => [python.version, python] as const))('with Python %s', (_, python) => {
    it.each(handshakesOf(python))(
      'agree on a key: Python does $role, handshake $handshake, MD5 $allowMd5',
      async (how) => {
        const { handshake, allowMd5, role } = how;
        for (const [family, make] of Object.entries(FAMILIES)) {
          for (const sync of handshake === 'own' ? [false, true] : [family === 'AF_INET']) {
            const { peer, connection } = await meet(python, role, make(), { handshake, allowMd5, sync, authkey: KEY });
            using ours = await connection;
            await ours.sendBytes(Buffer.from(`${family} ${sync}`));
            expect(Buffer.from(await ours.recvBytes()).toString()).toBe(`${family} ${sync}`);
            ours.close();
            expect(await peer.line()).toBe('end');
            expect(await peer.end()).toBe(0);
          }
        }
      },
    );

    it.each(['listen', 'connect'] as const)('refuse another key on both sides: Python does %s', async (role) => {
      for (const sync of [false, true]) {
        const options = { allowMd5: true, authkey: KEY, theirKey: 'another', sync };
        const { peer, connection } = await meet(python, role, ['localhost', 0], options);
        const error: unknown = await connection.catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(AuthenticationError);
        expect(String(error)).not.toContain(KEY);
        expect(await peer.line()).toMatch(/AuthenticationError: digest (received was wrong|sent was rejected)/);
        await peer.end();
      }
    });

    it('carry bytes of all sizes there and back, in both forms', async () => {
      const { peer, connection } = await meet(python, 'listen', ['localhost', 0], { allowMd5: true, authkey: KEY });
      using ours = await connection;
      for (const size of [0, 1, 3, 16_384, 16_385, 1 << 20, 64 << 20]) {
        const bytes = pattern(size);
        const sent = ours.sendBytes(bytes);
        expect(areEqual(await ours.recvBytes(), bytes)).toBe(true);
        await sent;
        if (size > 16_385) continue;
        ours.sendBytesSync(bytes);
        expect(areEqual(ours.recvBytesSync(), bytes)).toBe(true);
      }
      ours.close();
      expect(await peer.line()).toBe('end');
    });
  });

  const [python] = PYTHONS as readonly [Python];

  it('say what to do about a pickle, and go on', async () => {
    const { peer, connection } = await meet(python, 'listen', ['localhost', 0], { allowMd5: true, authkey: KEY });
    using ours = await connection;
    await ours.sendBytes(Buffer.from('pickle, please'));
    await expect(ours.recv()).rejects.toThrow(/pickle.*send_bytes.*recvBytes/);
    await ours.sendBytes(Buffer.from('pickle, please'));
    expect(() => ours.recvSync()).toThrow(SerializationError);
    await ours.sendBytes(Buffer.from('{"a": 1}'));
    expect(JSON.parse(Buffer.from(await ours.recvBytes()).toString())).toEqual({ a: 1 });
    ours.close();
    await peer.end();
  });

  it.skipIf(isAtLeast(python, '3.12'))('refuse MD5 unless it is allowed, and say so', async () => {
    const listening = await meet(python, 'listen', ['localhost', 0], { authkey: KEY });
    await expect(listening.connection).rejects.toThrow(/allowMd5: true/);
    expect(await listening.peer.line()).toBe('end');
    const connecting = await meet(python, 'connect', ['localhost', 0], { authkey: KEY });
    await expect(connecting.connection).rejects.toThrow(/allowMd5: true/);
    expect(await connecting.peer.line()).toBe('AuthenticationError: digest sent was rejected');
  });

  it('do without a key', async () => {
    const { peer, connection } = await meet(python, 'listen', ['localhost', 0], { theirKey: '' });
    using ours = await connection;
    ours.sendBytesSync(Buffer.from('open'));
    expect(Buffer.from(ours.recvBytesSync()).toString()).toBe('open');
    peer.child.kill('SIGKILL');
    await expect(ours.recvBytes()).rejects.toBeInstanceOf(EOFError);
    await peer.end();
  });
});
