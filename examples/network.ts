// Two programs that share a key, over a socket.
import { Client, Listener } from 'forkless';

using listener = new Listener(['localhost', 0], { authkey: 'secret' });

async function serve(): Promise<void> {
  using connection = await listener.accept({ timeout: 10_000 });
  for await (const question of connection) await connection.send({ question, answer: 42 });
}

async function ask(): Promise<void> {
  using connection = await Client(listener.address, { authkey: 'secret' });
  await connection.send('the answer?');
  console.log(await connection.recv());
}

await Promise.all([serve(), ask()]);
