import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';

/** A server that listens, by default to a free port of this machine. */
export async function listening(where: ListenOptions = { port: 0, host: '127.0.0.1' }): Promise<Server> {
  const server = createServer();
  await once(server.listen(where), 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Both ends of a connection. */
export async function socketPair(): Promise<[here: Socket, there: Socket]> {
  const server = await listening();
  const here = connect(portOf(server), '127.0.0.1');
  const [[there]] = (await Promise.all([once(server, 'connection'), once(here, 'connect')])) as [[Socket], unknown];
  server.close();
  return [here, there];
}
