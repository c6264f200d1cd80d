import { AuthenticationError, Client, ClientSync, ClosedError, Listener } from 'forkless';
import type { Address, AddressFamily, SocketConnection } from 'forkless';
import { describe, expect, it } from 'vitest';

import {
  answerChallenge,
  answerTo,
  credentials,
  deliverChallenge,
  whyWrong,
} from '../../dist/managers/network/handshake.js';
import type { Handshake } from '../../dist/managers/network/handshake.js';
import { greet } from '../fixtures/managers/network-party.js';
import { errorOf } from '../helpers/pipes.ts';
import { expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';
import { WAYS } from '../helpers/ways.ts';

const FAMILIES: readonly AddressFamily[] = ['AF_INET', 'AF_UNIX'];
const FORMS = ['async', 'sync'] as const;
type Form = (typeof FORMS)[number];

const listener = (family: AddressFamily): Listener => keep(new Listener(undefined, { family }));
const accept = async (form: Form, from: Listener): Promise<SocketConnection> =>
  keep(form === 'sync' ? from.acceptSync({ timeout: 20_000 }) : await from.accept({ timeout: 20_000 }));
const connect = async (form: Form, address: Address): Promise<SocketConnection> =>
  keep(form === 'sync' ? ClientSync(address) : await Client(address));

describe.each(FORMS)('A Listener, %s', (form) => {
  expectNoHolds();

  it('has its address for itself (_TestListener.test_multiple_bind)', () => {
    for (const family of FAMILIES) {
      const first = listener(family);
      expect(() => new Listener(first.address, { family })).toThrow(expect.objectContaining({ errno: 'EADDRINUSE' }));
    }
  });

  it('is closed at the end of its scope (_TestListener.test_context)', async () => {
    using first = new Listener();
    {
      using second = first;
      using client = await connect(form, second.address);
      using accepted = await accept(form, second);
      await client.send(1729);
      expect(await accepted.recv()).toBe(1729);
    }
    // Python: OSError.
    expect(await errorOf(() => accept(form, first))).toBeInstanceOf(ClosedError);
  });

  it('takes an empty key, if it is bytes (_TestListener.test_empty_authkey)', async () => {
    const authkey = new Uint8Array();
    using own = new Listener(undefined, { authkey });
    const [client, accepted] = await Promise.all([Client(own.address, { authkey }), own.accept()]);
    await keep(client).send(1729);
    expect(await keep(accepted).recv()).toBe(1729);
  });

  it('has an abstract address, if asked (_TestListener.test_abstract_socket)', async () => {
    const name = `\0forkless-${process.pid}`;
    using own = new Listener(name);
    expect(own.address).toBe(name);
    using client = await connect(form, own.address);
    using accepted = await accept(form, own);
    await client.send(1729);
    expect(await accepted.recv()).toBe(1729);
    own.close();
    expect(await errorOf(() => accept(form, own))).toBeInstanceOf(ClosedError);
  });

  it.each(WAYS)('meets a client among %s (_TestListenerClient.test_listener_client)', async (_, run) => {
    for (const family of FAMILIES) {
      const own = listener(family);
      const end = run(greet, form, own.address);
      const accepted = await accept('async', own);
      expect(await accepted.recv()).toBe('hello');
      await end;
      own.close();
    }
  });

  it('gets what a client has left that has gone already (_TestListenerClient.test_issue14725)', async () => {
    const own = listener('AF_UNIX');
    const child = start(greet, form, own.address);
    await child.join();
    const accepted = await accept(form, own);
    expect(await accepted.recv()).toBe('hello');
  });

  it('sends first, if it likes (_TestListenerClient.test_issue16955)', async () => {
    for (const family of FAMILIES) {
      const own = listener(family);
      const client = await connect(form, own.address);
      const accepted = await accept(form, own);
      accepted.sendBytesSync(Buffer.from('hello'));
      expect(form === 'sync' ? client.pollSync({ timeout: 20_000 }) : await client.poll({ timeout: 20_000 })).toBe(
        true,
      );
      accepted.close();
    }
    await sleep(0);
  });
});

describe('A family', () => {
  it('that is for Windows is refused (TestInvalidFamily.test_invalid_family)', () => {
    // Python: ValueError.
    expect(() => new Listener('\\\\.\\test')).toThrow(RangeError);
    expect(() => new Listener(undefined, { family: 'AF_PIPE' as never })).toThrow(/AF_INET, AF_INET6, AF_UNIX/);
  });
});

const KEY = credentials(Buffer.from('supadupasecretkey'), true);

/** Runs one side of the handshake with these messages of the peer. */
function converse(handshake: Handshake, messages: readonly string[]): void {
  const left = [...messages];
  let step = handshake.next();
  while (step.done !== true)
    step = handshake.next('receive' in step.value ? Buffer.from(left.shift() ?? '') : Buffer.of());
}

describe('A challenge', () => {
  it('that is answered by something bogus fails (OtherTest.test_deliver_challenge_auth_failure)', () => {
    expect(() => converse(deliverChallenge(KEY), ['something bogus'])).toThrow(AuthenticationError);
  });

  it('that is none, or whose verdict is bogus, fails (OtherTest.test_answer_challenge_auth_failure)', () => {
    expect(() => converse(answerChallenge(KEY), ['#CHALLENGE#', 'something bogus'])).toThrow(AuthenticationError);
    const challenge = '#CHALLENGE#{sha256}is-twenty-bytes-long';
    expect(() => converse(answerChallenge(KEY), [challenge, 'something bogus'])).toThrow(AuthenticationError);
    expect(() => converse(answerChallenge(KEY), [challenge, '#WELCOME#'])).not.toThrow();
  });

  it('is answered with the digest that it names (ChallengeResponseTest.test_challengeresponse)', () => {
    for (const prefix of ['', '{md5}', '{sha256}', '{sha384}', '{sha3_256}', '{sha3_384}']) {
      const message = Buffer.from(`${prefix}is-twenty-bytes-long`);
      const answer = answerTo(KEY, message);
      expect(answer.subarray(0, prefix.length).toString()).toBe(prefix);
      expect(whyWrong(KEY, message, answer)).toBeUndefined();
      const wrong = Buffer.from(answer);
      wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
      expect(whyWrong(KEY, message, wrong)).toMatch(/does not know the key/);
    }
    const noMd5 = credentials(Buffer.from('supadupasecretkey'), false);
    for (const prefix of ['', '{md5}']) {
      const message = Buffer.from(`${prefix}is-twenty-bytes-long`);
      expect(() => answerTo(noMd5, message)).toThrow(/allowMd5/);
      expect(whyWrong(noMd5, message, answerTo(KEY, message))).toMatch(/allowMd5/);
    }
  });
});
