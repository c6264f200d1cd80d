// Each side closes the end that it does not use: then EOF ends the consumer. Python: the child closes input_p, the parent
// output_p, and the consumer's recv() raises EOFError; here the iteration ends.
import { type Connection, isMainProcess, Pipe, Process } from 'forkless';

export async function consume(output: Connection, input: Connection): Promise<void> {
  input.close();
  for await (const item of output) console.log('item', item);
  console.log('consumer done');
}

if (isMainProcess) {
  const [output, input] = Pipe();
  const consumer = new Process({ target: consume, args: [output, input] }).start();
  output.close();
  for (const item of [1, 2, 3, 4]) await input.send(item);
  input.close();
  await consumer.join();
}
