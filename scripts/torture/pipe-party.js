// One process of the torture of pipes: a sender or a receiver at an end of one.
// What it did stands in its log, written by one system call per message, so that a SIGKILL leaves what was done.
import { openSync, writeSync } from 'node:fs';

// Not all of the package, whose import is a good part of what a party costs.
import { EOFError } from '../../dist/support/errors.js';
import { Pipe } from '../../dist/transport/pipe.js';
import { randomOf } from './random.js';

const EOF_MS = 20_000;
const LARGE = 100_000;

/** Sends until nobody would receive it. */
export async function sender(connection, self) {
  const { id, form, words, index, isBytes } = self;
  const log = openSync(self.log, 'a');
  const random = randomOf(self.seed);
  try {
    for (let sequence = 0; ; sequence++) {
      if (isBytes) await sendBytes(form, connection, makeBytes(id, sequence, random));
      else await sendValue(form, connection, id, sequence, random);
      writeSync(log, `${sequence}\n`);
      Atomics.add(words, index, 1);
    }
  } catch (error) {
    if (error.errno !== 'EPIPE') throw error;
    writeSync(log, 'end\n');
  }
}

/** Receives until nobody would send anything. */
export async function receiver(connection, self) {
  const { form, words, index, isBytes } = self;
  const log = openSync(self.log, 'a');
  try {
    for (;;) {
      const isSync = form === 'sync';
      const line = isBytes
        ? lineOfBytes(isSync ? connection.recvBytesSync() : await connection.recvBytes())
        : await lineOfValue(isSync ? connection.recvSync() : await connection.recv(), form);
      writeSync(log, `${line}\n`);
      Atomics.add(words, index, 1);
    }
  } catch (error) {
    if (!(error instanceof EOFError)) throw error;
    writeSync(log, 'end\n');
  }
}

async function send(form, connection, value) {
  if (form === 'sync') connection.sendSync(value);
  else await connection.send(value);
}

async function sendBytes(form, connection, bytes) {
  if (form === 'sync') connection.sendBytesSync(bytes);
  else await connection.sendBytes(bytes);
}

/** [id, sequence, length, ...filling] */
function makeBytes(id, sequence, random) {
  const length = 12 + Math.floor(random() * (random() < 0.1 ? LARGE : 500));
  const bytes = Buffer.alloc(length, (id + sequence) & 255);
  bytes.writeUInt32LE(id, 0);
  bytes.writeUInt32LE(sequence, 4);
  bytes.writeUInt32LE(length, 8);
  return bytes;
}

function lineOfBytes(received) {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  const [id, sequence, length] = [0, 4, 8].map((at) => (bytes.byteLength < 12 ? -1 : bytes.readUInt32LE(at)));
  const whole = length === bytes.byteLength && isFilled(bytes.subarray(12), (id + sequence) & 255);
  return whole ? `${id} ${sequence}` : `corrupt ${bytes.byteLength} ${id} ${sequence} ${length}`;
}

function isFilled(bytes, value) {
  return bytes.equals(Buffer.alloc(bytes.byteLength, value));
}

async function sendValue(form, connection, id, sequence, random) {
  const choice = random();
  if (choice < 0.7) return send(form, connection, [id, sequence, textOf(id, sequence, 40)]);
  if (choice < 0.85) return send(form, connection, { id, sequence, text: textOf(id, sequence, random() * 50_000) });
  if (choice < 0.93) {
    const bytes = Buffer.alloc(LARGE * (1 + random()), (id + sequence) & 255);
    return send(form, connection, { id, sequence, bytes: new Uint8Array(bytes.buffer) });
  }
  // Some in the making may be left by who is killed: its holds go with it.
  const [to, from] = Pipe({ duplex: random() < 0.5 });
  from.sendSync([id, sequence]);
  await send(form, connection, { id, sequence, connection: to });
  to.close();
  from.close();
}

function textOf(id, sequence, length) {
  return `${id}-${sequence} `.repeat(Math.max(1, length / 10));
}

async function lineOfValue(value, form) {
  const { id, sequence, text, bytes, connection } = Array.isArray(value)
    ? { id: value[0], sequence: value[1], text: value[2] }
    : value;
  let fault;
  if (bytes !== undefined) fault = isFilled(Buffer.from(bytes.buffer), (id + sequence) & 255) ? undefined : 'corrupt';
  else if (connection !== undefined) fault = await faultOfConnection(connection, id, sequence, form);
  else fault = isText(text, id, sequence) ? undefined : 'corrupt';
  return fault === undefined ? `${id} ${sequence}` : `${fault} ${id} ${sequence}`;
}

function isText(text, id, sequence) {
  const part = `${id}-${sequence} `;
  return text.length % part.length === 0 && text === part.repeat(text.length / part.length);
}

/** A connection carries its greeting, and then ends: its sender has closed the other end, or has died. */
async function faultOfConnection(connection, id, sequence, form) {
  try {
    const greeting = form === 'sync' ? connection.recvSync() : await connection.recv();
    if (greeting[0] !== id || greeting[1] !== sequence) return 'corrupt';
    const wait = { timeout: EOF_MS };
    if (form === 'sync') connection.recvSync(wait);
    else await connection.recv(wait);
    return 'corrupt';
  } catch (error) {
    return error instanceof EOFError ? undefined : 'endless';
  } finally {
    connection.close();
  }
}
