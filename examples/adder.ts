// A server at the other end of a duplex pipe adds what it gets, until the client closes its end.
import { type Connection, isMainProcess, Pipe, Process } from 'forkless';

type Pair = readonly [number, number] | readonly [string, string];

export async function adder(server: Connection, client: Connection): Promise<void> {
  client.close();
  for await (const message of server) {
    const [x, y] = message as [string, string];
    await server.send(x + y);
  }
  console.log('Server done');
}

if (isMainProcess) {
  const [server, client] = Pipe();
  const process = new Process({ target: adder, args: [server, client] }).start();
  server.close();
  for (const pair of [
    [3, 4],
    ['Hello', 'World'],
  ] satisfies Pair[]) {
    await client.send(pair);
    console.log(await client.recv());
  }
  client.close();
  await process.join();
}
