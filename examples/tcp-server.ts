// A TCP server that gives each of its connections to a process of its own.
// Python: Process(target=handle_connection, args=(client_socket, client_address)).start() in an accept loop.
//
//   tsx examples/tcp-server.ts [number of clients]     the clients are in the same program, to show that it works
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { isMainProcess, Process } from 'forkless';

export function handleConnection(socket: Socket, address: string): void {
  socket.write(`hello ${address}\n`);
  socket.on('data', (data) => socket.write(`You sent: ${String(data)}`));
  socket.on('end', () => socket.end());
}

async function ask(port: number, text: string): Promise<boolean> {
  const client = connect(port, '127.0.0.1');
  client.write(text);
  let answer = '';
  for await (const data of client) {
    answer += String(data);
    if (answer.includes(text)) client.end();
  }
  return answer === `hello 127.0.0.1\nYou sent: ${text}`;
}

if (isMainProcess) {
  const clients = Number(process.argv[2] ?? 8);
  const children: Process[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // From here on the connection is the child's.
    children.push(
      new Process({ target: handleConnection, args: [socket, socket.remoteAddress ?? ''] }).start() as Process,
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const answers = await Promise.all(Array.from({ length: clients }, (_, i) => ask(port, `message ${i}`)));
  for (const child of children) await child.join();
  server.close();
  console.log(`${answers.filter(Boolean).length} of ${clients} clients have their answers`);
  console.log(
    `${new Set(children.map(({ pid }) => pid)).size} processes, ${children.filter(({ exitCode }) => exitCode === 0).length} ended well`,
  );
}
