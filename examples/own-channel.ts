// A class of one's own that holds shared objects travels in `args` with its methods: a channel made by hand from an
// array, a value and two semaphores. (FloatChannel does this faster, and survives the death of either side.)
import { isMainProcess, Process, RawArray, Semaphore, Value } from 'forkless';
import type { SharedValue } from 'forkless';

export class OneSlotChannel {
  readonly slot: Float64Array;
  readonly length: SharedValue<'i'> = Value('i', 0);
  readonly free = new Semaphore(1);
  readonly full = new Semaphore(0);

  constructor(maxSize: number) {
    this.slot = RawArray('d', maxSize);
  }

  send(values: readonly number[]): void {
    this.free.acquireSync();
    this.slot.set(values);
    this.length.value = values.length;
    this.full.release();
  }

  recv(): Float64Array {
    this.full.acquireSync();
    const values = this.slot.slice(0, this.length.value);
    this.free.release();
    return values;
  }
}

export function sum(channel: OneSlotChannel, messages: number): void {
  for (let i = 0; i < messages; i++) {
    const values = channel.recv();
    console.log(`${values.join(' + ')} = ${values.reduce((total, value) => total + value, 0)}`);
  }
}

if (isMainProcess) {
  const channel = new OneSlotChannel(100);
  const consumer = new Process({ target: sum, args: [channel, 3] }).start();
  channel.send([1, 2, 3]);
  channel.send([0.5, 0.25]);
  channel.send([42]);
  await consumer.join();
}
