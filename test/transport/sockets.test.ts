import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

import { Pipe, Process, Queue } from 'forkless';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { binding } from '../../dist/native/binding.js';
import {
  answerOne,
  echo,
  echoFromConnection,
  echoFromQueue,
  leave,
  sendBack,
  serveOne,
} from '../fixtures/transport/socket-users.js';
import { expectNoLeaks, until } from '../helpers/leaks.ts';
import { runProgram } from '../helpers/output.ts';

describe('Sockets', { timeout: 60_000 }, () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
    // What every program has once that has sent a socket: its thread listens.
    const [client, accepted] = await connected();
    const child = new Process({ target: echo, args: [accepted] }).start();
    await talk(client, 'first');
    await child.join();
    await openDoorbell();
  });
  afterAll(() => void server.close());
  expectNoLeaks();

  async function openDoorbell(): Promise<void> {
    using queue = new Queue();
    await expect(queue.get({ timeout: 1 })).rejects.toThrow(/empty/);
  }

  async function connected(): Promise<[client: Socket, accepted: Socket]> {
    const client = connect(port, '127.0.0.1');
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [Socket],
      unknown,
    ];
    return [client, accepted];
  }

  /** Sends a text, reads the answer and everything after the end of the connection. */
  async function talk(client: Socket, text: string): Promise<string> {
    const answer = (await Promise.all([once(client, 'data'), client.write(text)]))[0];
    client.end();
    let rest = '';
    for await (const data of client) rest += String(data);
    return String(answer) + rest;
  }

  it('go to a child in its arguments, and are closed here without an end of the connection', async () => {
    const [client, accepted] = await connected();
    const child = new Process({ target: echo, args: [accepted, 'child '] }).start();
    expect(accepted.destroyed).toBe(true);
    expect(await talk(client, 'hello')).toBe('child hello');
    expect(await child.join()).toBe(true);
    expect(child.exitCode).toBe(0);
  });

  it.each([
    ['a Queue', echoFromQueue, 'queue '],
    ['a Connection', echoFromConnection, 'connection '],
  ] as const)('go to a running child through %s', async (way, target, prefix) => {
    using queue = new Queue();
    const [here, there] = Pipe();
    const child = new Process({ target, args: [way === 'a Queue' ? queue : there] as never }).start();
    there.close();
    const [client, accepted] = await connected();
    await (way === 'a Queue' ? queue.put(accepted) : here.send(accepted));
    expect(await talk(client, 'hello')).toBe(`${prefix}hello`);
    await child.join();
    here.close();
  });

  it('take along what has been read and not been used', async () => {
    const [client, accepted] = await connected();
    client.write('early ');
    await until(() => accepted.readableLength > 0, 'the data are there');
    const child = new Process({ target: echo, args: [accepted] }).start();
    expect(await talk(client, 'late')).toMatch(/^early (late)?/);
    await child.join();
  });

  it('end with the process that has them', async () => {
    const [client, accepted] = await connected();
    const child = new Process({ target: leave, args: [accepted] }).start();
    client.write('go');
    await once(client.resume(), 'close');
    await child.join();
  });

  it('go on through several processes', async () => {
    using queue = new Queue();
    using back = new Queue<Socket>();
    const child = new Process({ target: sendBack, args: [queue, back] }).start();
    const [client, accepted] = await connected();
    await queue.put(accepted);
    echo(await back.get(), 'back ');
    expect(await talk(client, 'hello')).toBe('back hello');
    await child.join();
  });

  it('stay as they are when the message cannot be made', async () => {
    using queue = new Queue();
    const [client, accepted] = await connected();
    await expect(queue.put([accepted, new WeakMap()])).rejects.toThrow(/WeakMap/);
    expect(binding.keptDescriptors()).toBe(0);
    echo(accepted, 'still here ');
    expect(await talk(client, 'hello')).toBe('still here hello');
  });

  it('are not kept for a message that is lost', async () => {
    const queue = new Queue();
    const [client, accepted] = await connected();
    await queue.put(accepted);
    expect(binding.keptDescriptors()).toBe(1);
    queue.close();
    await once(client.resume(), 'close');
    expect(binding.keptDescriptors()).toBe(0);
  });

  it('cannot be fetched by who has no ticket, or an old one', () => {
    const ticket = binding.keepDescriptor(0);
    for (const wrong of ['', 'x', `${ticket.slice(0, -1)}g`, `0${ticket}`, 'f'.repeat(ticket.length)]) {
      expect(() => binding.fetchDescriptor(wrong)).toThrow();
    }
    expect(binding.keptDescriptors()).toBe(1);
    binding.dropDescriptor(ticket);
    expect(() => binding.fetchDescriptor(ticket)).toThrow();
  });

  it('are refused, with what to do, while they cannot be given away', async () => {
    using queue = new Queue();
    const connecting = connect(port, '127.0.0.1');
    await expect(queue.put(connecting)).rejects.toThrow(/not connected yet.*'connect' event/);
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(connecting, 'connect')])) as [
      [Socket],
      unknown,
    ];
    accepted.cork();
    accepted.write('unsent');
    await expect(queue.put({ accepted })).rejects.toThrow(/^the item\.accepted .*not written yet.*last write/);
    accepted.destroy();
    await expect(queue.put(accepted)).rejects.toThrow(/it is closed/);
    connecting.destroy();
    const tls = connectTls({ socket: connect(port, '127.0.0.1') });
    tls.on('error', () => {});
    const [raw] = (await once(server, 'connection')) as [Socket];
    await expect(queue.put(tls)).rejects.toThrow(/encryption/);
    tls.destroy();
    raw.destroy();
    await expect(queue.put(createHttpServer())).rejects.toThrow(/^the item cannot travel .*more than a connection/);
    expect(queue.qsize()).toBe(0);
    await sleep(20);
  });
});

describe('Servers and UDP sockets', { timeout: 60_000 }, () => {
  expectNoLeaks();

  it('are used by both sides: a child accepts connections of a server that listens here', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const [here, there] = Pipe();
    const child = new Process({ target: serveOne, args: [server, there] }).start();
    there.close();
    expect(await here.recv()).toBe('listening');
    server.close();
    const client = connect(port, '127.0.0.1');
    client.write('hello');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(String(answer)).toBe('child hello');
    client.destroy();
    await child.join();
    expect(child.exitCode).toBe(0);
    here.close();
  });

  it('receive datagrams in a child', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const child = new Process({ target: answerOne, args: [socket] }).start();
    socket.close();
    const client = createSocket('udp4');
    const answer = once(client, 'message') as Promise<[Buffer]>;
    client.send('hello', port, '127.0.0.1');
    expect(String((await answer)[0])).toBe('child hello');
    client.close();
    await child.join();
  });
});

describe('A TCP server with a process for each connection', () => {
  it('serves 200 clients at once, and no descriptor is left (row 26)', { timeout: 600_000 }, async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/many-clients.mjs', {
      args: ['200'],
      watchdogMs: 500_000,
    });
    expect({ ...(JSON.parse(stdout) as object), stderr }).toEqual({
      answered: 200,
      endedWell: 200,
      processes: 200,
      left: 0,
      stderr: '',
    });
  });
});
