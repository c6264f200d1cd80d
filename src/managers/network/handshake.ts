import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';

import { AuthenticationError } from '../../support/errors.ts';

const require = createRequire(import.meta.url);
// Most programs do without.
const crypto = (): typeof import('node:crypto') => require('node:crypto') as typeof import('node:crypto');

/*
 * Both sides prove that they know the key, without sending it: Python's multiprocessing.connection of 3.12 and later, and,
 * where it is allowed, of earlier versions, which know nothing but MD5.
 *
 *   who asks                                  who answers
 *   #CHALLENGE#{sha256} 40 random bytes  ->
 *                                        <-   {sha256} HMAC of all after #CHALLENGE#
 *   #WELCOME# or #FAILURE#               ->
 *
 * The listener asks first, then the client. Before 3.12 a challenge is 20 random bytes and an answer the 16 bytes of
 * HMAC-MD5 alone; who asks in the new way is answered like that by them.
 */
const CHALLENGE = Buffer.from('#CHALLENGE#');
const WELCOME = Buffer.from('#WELCOME#');
const FAILURE = Buffer.from('#FAILURE#');
const RANDOM_BYTES = 40;
const OLD_CHALLENGE_BYTES = 20;
const OLD_ANSWER_BYTES = 16;
/** No message of a handshake is longer. */
const LONGEST = 256;

/** Names on the wire, and those of Node's crypto. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['md5', 'md5'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
]);
const LONGEST_NAME = 8;

/** The key, where nothing prints it. */
export interface Credentials {
  readonly key: KeyObject;
  readonly allowMd5: boolean;
}

/** What is to be done next: bytes to be sent, or the most of a message to be received, which is passed to `next`. */
type Step = { readonly send: Uint8Array } | { readonly receive: number };

/** A handshake, whoever does the sending and receiving. It returns when the peer is to be trusted, and throws else. */
export type Handshake = Generator<Step, void, Uint8Array>;

/** Keeps a key. */
export function credentials(key: Uint8Array, allowMd5: boolean): Credentials {
  return { key: crypto().createSecretKey(key), allowMd5 };
}

/** What a listener does with who has come. @throws AuthenticationError, from `next` */
export function* listenerHandshake(own: Credentials): Handshake {
  yield* deliverChallenge(own);
  yield* answerChallenge(own);
}

/** What a client does when it is connected. @throws AuthenticationError, from `next` */
export function* clientHandshake(own: Credentials): Handshake {
  yield* answerChallenge(own);
  yield* deliverChallenge(own);
}

/** Asks the peer for a proof. Python: `deliver_challenge`. */
export function* deliverChallenge(own: Credentials): Handshake {
  const message = Buffer.concat([Buffer.from('{sha256}'), crypto().randomBytes(RANDOM_BYTES)]);
  yield { send: Buffer.concat([CHALLENGE, message]) };
  const answer = yield { receive: LONGEST };
  const problem = whyWrong(own, message, answer);
  yield { send: problem === undefined ? WELCOME : FAILURE };
  if (problem !== undefined) throw new AuthenticationError(problem);
}

/** Gives the proof that the peer asks for. Python: `answer_challenge`. */
export function* answerChallenge(own: Credentials): Handshake {
  const received = Buffer.from(yield { receive: LONGEST });
  if (!received.subarray(0, CHALLENGE.length).equals(CHALLENGE)) {
    throw new AuthenticationError('The peer does not begin with a challenge: it uses no key, or another protocol');
  }
  yield { send: answerTo(own, received.subarray(CHALLENGE.length)) };
  const verdict = yield { receive: LONGEST };
  if (!WELCOME.equals(verdict)) throw new AuthenticationError('The peer rejects our proof: its key is another one');
}

/** @throws AuthenticationError when the challenge is none, or only MD5 would do. */
export function answerTo(own: Credentials, message: Buffer): Buffer {
  if (message.length < OLD_CHALLENGE_BYTES) {
    throw new AuthenticationError(`The peer's challenge has ${message.length} bytes, which are too few to be safe`);
  }
  const digest = digestOf(message);
  if (digest === undefined) throw new AuthenticationError("The peer's challenge names no digest that we know");
  if (digest.name === 'md5' && !own.allowMd5) throw new AuthenticationError(NO_MD5);
  const mac = macOf(own, digest.name, message);
  return digest.isOld ? mac : Buffer.concat([Buffer.from(`{${digest.name}}`), mac]);
}

/** What is wrong with an answer to our challenge; undefined when it proves that the peer knows the key. */
export function whyWrong(own: Credentials, message: Uint8Array, received: Uint8Array): string | undefined {
  const answer = Buffer.from(received);
  const digest = digestOf(answer);
  if (digest === undefined) return "The peer's answer names no digest that we know";
  if (digest.name === 'md5' && !own.allowMd5) return NO_MD5;
  const expected = macOf(own, digest.name, message);
  const mac = answer.subarray(digest.prefixBytes);
  const right = mac.length === expected.length && crypto().timingSafeEqual(mac, expected);
  return right ? undefined : 'The peer does not know the key: its authkey must be the same as ours';
}

const NO_MD5 =
  'The peer knows only HMAC-MD5, as Python does before 3.12: allow it with { allowMd5: true }, or use a newer Python there';

interface Digest {
  readonly name: string;
  readonly prefixBytes: number;
  /** Of a Python before 3.12. */
  readonly isOld: boolean;
}

function digestOf(message: Buffer): Digest | undefined {
  if (message.length === OLD_CHALLENGE_BYTES || message.length === OLD_ANSWER_BYTES) {
    return { name: 'md5', prefixBytes: 0, isOld: true };
  }
  const end = message.subarray(0, LONGEST_NAME + 2).indexOf('}');
  if (message[0] !== OPENING_BRACE || end < 0) return undefined;
  const name = message.toString('latin1', 1, end);
  return DIGESTS.has(name) ? { name, prefixBytes: end + 1, isOld: false } : undefined;
}
const OPENING_BRACE = 0x7b;

function macOf({ key }: Credentials, digest: string, message: Uint8Array): Buffer {
  return crypto()
    .createHmac(DIGESTS.get(digest) ?? digest, key)
    .update(message)
    .digest();
}
