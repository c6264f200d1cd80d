// @ts-check
// Messages one way, from producers to consumers, the first of which is this process.
//
//   --over=queue|connection --form=sync|async --bytes=0 --count=100000 --rounds=9 --unit=/s|GB/s
//   --producers=1 --consumers=1 --max-size=0
//
// --bytes=0: small objects. --count: messages of each producer and each consumer, of which there are as many, in a round.
import { Pipe, Process, Queue, RawArray, Semaphore } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { oneWayResult, sumOf } from './contents.js';
import { consume, consumeInRounds, produceInRounds } from './partners.js';

const WARM_UP = 3;
const options = readOptions({
  over: 'queue',
  form: 'sync',
  bytes: 0,
  count: 100_000,
  rounds: 9,
  unit: '/s',
  producers: 1,
  consumers: 1,
  'max-size': 0,
});
const { over, form, bytes, count, rounds, unit, producers, consumers } = options;
if (producers !== consumers) throw new RangeError('as many consumers as producers: each takes as many as each puts');
const work = { form, bytes, count, starter: process.pid };
const [receiving, sending] = over === 'queue' ? queueEnds() : Pipe({ duplex: false });

const sums = RawArray('d', consumers);
const done = new Semaphore(0);
/** @type {Semaphore[]} */
const goes = [];
/** @type {Process[]} */
const partners = [];
for (let i = 0; i < producers; i++) {
  const go = new Semaphore(0);
  goes.push(go);
  partners.push(new Process({ target: produceInRounds, args: [sending, go, work] }).start());
}
for (let i = 1; i < consumers; i++) {
  const go = new Semaphore(0);
  goes.push(go);
  partners.push(new Process({ target: consumeInRounds, args: [receiving, go, done, sums, i, work] }).start());
}

const expected = producers * sumOf(bytes, count);
const seconds = [];
for (let round = 0; round < WARM_UP + rounds; round++) {
  const start = performance.now();
  for (const go of goes) go.release();
  sums[0] = await consume(receiving, work);
  for (let i = 1; i < consumers; i++) await done.acquire();
  const elapsed = performance.now() - start;
  const sum = sums.reduce((total, each) => total + each, 0);
  if (sum !== expected) throw new Error(`the messages sum up to ${sum} instead of ${expected}`);
  if (round >= WARM_UP) seconds.push(elapsed / 1000);
}
for (const partner of partners) {
  partner.kill();
  await partner.join();
}
printResult(oneWayResult(`${over}, one way, ${form}`, unit, bytes, count * producers, seconds));

/** @returns {[Queue<any>, Queue<any>]} */
function queueEnds() {
  const queue = new Queue({ maxSize: options['max-size'] });
  return [queue, queue];
}
