// A thousand messages of 100 000 doubles from one process to another: copied, and filled and read in place.
import { FloatChannel, isMainProcess, Process } from 'forkless';

const MESSAGES = 1000;
const DOUBLES = 100_000;

export function consume(channel: FloatChannel, inPlace: boolean): void {
  const copy = new Float64Array(DOUBLES);
  const check = (values: Float64Array, i: number): void => {
    if (values[0] !== i || values[DOUBLES - 1] !== i) throw new Error(`Message ${i} is not what was sent`);
  };
  for (let i = 0; i < MESSAGES; i++) {
    if (inPlace) {
      channel.consumeSync((values) => check(values, i));
    } else {
      channel.recvIntoSync(copy);
      check(copy, i);
    }
  }
  console.log(`received ${MESSAGES} messages${inPlace ? ' in place' : ''}`);
}

async function produce(inPlace: boolean): Promise<void> {
  using channel = new FloatChannel(DOUBLES);
  const consumer = new Process({ target: consume, args: [channel, inPlace] }).start();
  const values = new Float64Array(DOUBLES);
  const start = performance.now();
  for (let i = 0; i < MESSAGES; i++) {
    if (inPlace) await channel.produce(DOUBLES, (view) => view.fill(i));
    else await channel.send(values.fill(i));
  }
  await consumer.join();
  const seconds = (performance.now() - start) / 1000;
  console.log(`sent ${((MESSAGES * DOUBLES * 8) / 1e9).toFixed(1)} GB in ${seconds.toFixed(2)} s`);
  if (consumer.exitCode !== 0) process.exitCode = 1;
}

if (isMainProcess) {
  await produce(false);
  await produce(true);
}
