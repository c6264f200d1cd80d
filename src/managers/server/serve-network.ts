import { currentProcess } from '../../process/current.ts';
import { rememberReference } from '../../reduction/reference.ts';
import { encodeThrown } from '../../reduction/remote-error.ts';
import type { Connection } from '../../transport/connection.ts';
import type { Address } from '../network/address.ts';
import type { NetworkOptions } from '../network/network-options.ts';
import type { Callable, ServedType } from './hub.ts';
import { ManagerServer } from './network-server.ts';
import { typesOf } from './sync-types.ts';

/** What the process of a manager at an address is started with. */
export interface NetworkServerSettings {
  readonly isSync: boolean;
  readonly types: ReadonlyMap<string, ServedType>;
  readonly address: Address;
  readonly network: NetworkOptions;
  readonly initializer: Callable | undefined;
  readonly initArgs: readonly unknown[];
}

/** What the process says to its owner first. */
export type Started = { readonly address: Address } | { readonly thrown: Uint8Array };

/** The program of the process of a manager at an address: serves until its owner says that it shall end, or has ended. */
export async function serveNetwork(owner: Connection, settings: NetworkServerSettings): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: when the manager ends is its owner's affair.
  process.on('SIGINT', () => {});
  let server: ManagerServer;
  try {
    const { initializer, initArgs, isSync, types, address, network } = settings;
    if (initializer !== undefined) await (initializer as (...args: readonly unknown[]) => unknown)(...initArgs);
    server = new ManagerServer(typesOf(isSync, types), address, network);
  } catch (error) {
    const { name, pid = process.pid } = currentProcess();
    await owner.send({ thrown: encodeThrown(error, { name, pid }).bytes } satisfies Started);
    return;
  }
  void server.serveForever();
  await owner.send({ address: server.address } satisfies Started);
  await owner.recv().catch(() => {});
  server.close();
  process.exit();
}

// Not to be looked for, which only Node can.
rememberReference(serveNetwork, { module: import.meta.url, name: 'serveNetwork' });
