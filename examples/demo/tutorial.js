// The tutorial's test: a producer and a consumer of large messages of doubles.
import { FloatChannel, Process } from 'forkless';

export const MESSAGES = 1000;
const DOUBLES = 100_000;
const TRIPS = 20_000;
const PROGRESS_EVERY = 50;

export function consume(channel, done, mode) {
  const target = new Float64Array(DOUBLES);
  done.sendSync([0]);
  for (let i = 0; i < MESSAGES; i++) {
    const check = (values) => {
      if (values[0] !== i || values[DOUBLES - 1] !== i) throw new Error(`Message ${i} is not what was sent`);
    };
    if (mode === 'copy') {
      channel.recvIntoSync(target);
      check(target);
    } else channel.consumeSync(check);
  }
  done.sendSync([MESSAGES]);
}

export function echo(ping, pong) {
  const message = new Float64Array(1);
  for (let i = 0; i < TRIPS; i++) {
    ping.recvIntoSync(message);
    pong.sendSync(message);
  }
}

/** @returns rates of one run of MESSAGES messages, after one that warms up */
export async function produceConsume(mode, onProgress) {
  const channel = new FloatChannel(DOUBLES);
  const done = new FloatChannel(1);
  const values = new Float64Array(DOUBLES);
  let seconds = 0;
  for (const isWarmUp of [true, false]) {
    const consumer = new Process({ daemon: true, target: consume, args: [channel, done, mode] }).start();
    // The time of the messages, not that of the start of a process.
    await done.recv();
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) {
      if (mode === 'copy') channel.sendSync(values.fill(i));
      else channel.produceSync(DOUBLES, (view) => view.fill(i));
      if (!isWarmUp && i % PROGRESS_EVERY === 0) onProgress(i);
    }
    await done.recv();
    seconds = (performance.now() - start) / 1000;
    await consumer.join();
  }
  channel.close();
  done.close();
  return { gigabytes: (MESSAGES * DOUBLES * 8) / seconds / 1e9, messages: MESSAGES / seconds };
}

/** @returns p50 and p99 in us of a message of one double there and back, blocking forms on both sides */
export async function roundTrips() {
  const ping = new FloatChannel(1);
  const pong = new FloatChannel(1);
  const partner = new Process({ daemon: true, target: echo, args: [ping, pong] }).start();
  const message = new Float64Array(1);
  const times = new Float64Array(TRIPS);
  for (let i = 0; i < TRIPS; i++) {
    const start = performance.now();
    ping.sendSync(message);
    pong.recvIntoSync(message);
    times[i] = (performance.now() - start) * 1000;
  }
  await partner.join();
  ping.close();
  pong.close();
  times.sort();
  return { p50: times[TRIPS / 2], p99: times[Math.floor(TRIPS * 0.99)] };
}
