// @ts-check
// What runs on the other side of our measurements, and on this one where both do the same.
import { pinToProcessor } from '../harness/pin.js';
import { contents, looker } from './contents.js';

/**
 * @typedef {import('forkless').Connection} Connection
 * @typedef {import('forkless').Queue<any>} Queue
 * @typedef {import('forkless').Semaphore} Semaphore
 * @typedef {{ form: string, bytes: number, count: number, starter: number }} Work
 */

/** The call that puts a message on its way, awaited or not. @param {any} link @param {string} form @param {number} bytes */
function sender(link, form, bytes) {
  if ('put' in link) return form === 'sync' ? link.putSync.bind(link) : link.put.bind(link);
  if (bytes === 0) return form === 'sync' ? link.sendSync.bind(link) : link.send.bind(link);
  return form === 'sync' ? link.sendBytesSync.bind(link) : link.sendBytes.bind(link);
}

/** @param {any} link @param {string} form @param {number} bytes */
function receiver(link, form, bytes) {
  if ('get' in link) return form === 'sync' ? link.getSync.bind(link) : link.get.bind(link);
  if (bytes === 0) return form === 'sync' ? link.recvSync.bind(link) : link.recv.bind(link);
  return form === 'sync' ? link.recvBytesSync.bind(link) : link.recvBytes.bind(link);
}

/** Sends `count` messages each time it is told to. @param {Queue | Connection} link @param {Semaphore} go @param {Work} work */
export function produceInRounds(link, go, work) {
  return orEnd(work, async () => {
    const { form, bytes, count } = work;
    const [send, make] = [sender(link, form, bytes), contents(bytes)];
    for (;;) {
      await go.acquire();
      if (form === 'sync') for (let i = 0; i < count; i++) send(make(i));
      else for (let i = 0; i < count; i++) await send(make(i));
    }
  });
}

/**
 * Whoever waits in vain for messages is ended: a blocking call notices nothing else.
 * @param {Work} work @param {() => Promise<void>} run
 */
async function orEnd({ starter }, run) {
  try {
    await run();
  } catch (error) {
    console.error(error);
    process.kill(starter, 'SIGTERM');
  }
}

/** Takes `count` messages and sums what is in them. @param {Queue | Connection} link @param {Work} work */
export async function consume(link, { form, bytes, count }) {
  const [receive, look] = [receiver(link, form, bytes), looker(bytes)];
  let sum = 0;
  if (form === 'sync') for (let i = 0; i < count; i++) sum += look(receive());
  else for (let i = 0; i < count; i++) sum += look(await receive());
  return sum;
}

/**
 * A further consumer.
 * @param {Queue | Connection} link @param {Semaphore} go @param {Semaphore} done @param {Float64Array} sums @param {number} number
 * @param {Work} work
 */
export function consumeInRounds(link, go, done, sums, number, work) {
  return orEnd(work, async () => {
    for (;;) {
      await go.acquire();
      sums[number] = await consume(link, work);
      done.release();
    }
  });
}

/** Sends back what comes, until the other end is closed. @param {Connection} connection @param {string} form @param {number} processor */
export async function echo(connection, form, processor) {
  pinToProcessor(processor);
  await connection.send('ready');
  try {
    if (form === 'sync') for (;;) connection.sendSync(connection.recvSync());
    else for (;;) await connection.send(await connection.recv());
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== 'ERR_MP_EOF') throw error;
  }
}

/** Writes into the last element of each array that comes, and says so. @param {Connection} connection */
export async function signArrays(connection) {
  await connection.send('ready');
  for (let i = 1; ; i++) {
    const array = /** @type {Float64Array} */ (await connection.recv());
    array[array.length - 1] = i;
    await connection.send(i);
  }
}

/** Sums the numbers that come, and answers 'sum' with the sum. @param {Connection} connection */
export async function sumNumbers(connection) {
  let sum = 0;
  for await (const message of connection) {
    if (message === 'sum') await connection.send(sum);
    else sum += Number(message);
  }
}
