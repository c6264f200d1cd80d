import { inspect } from 'node:util';

import { AuthenticationError, ClosedError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import type { Address } from '../network/address.ts';
import { Listener } from '../network/listener.ts';
import type { NetworkOptions } from '../network/network-options.ts';
import type { SocketConnection } from '../network/socket-connection.ts';
import type { ServedType } from './hub.ts';
import type { Sessions } from './sessions.ts';

const GREETING_MS = 10_000;

/**
 * The server of a manager at an address, in this process: `getServer()` of a manager makes it. It has the objects that the
 * manager's callables give, for all clients that prove the key, and as long as it runs.
 */
export class ManagerServer implements Disposable {
  static {
    printAs(ManagerServer, (server) => `ManagerServer { ${inspect(server.#listener)} }`);
  }

  readonly #listener: Listener;
  readonly #load: () => Promise<Sessions>;
  #loading: Promise<Sessions> | undefined;
  #sessions: Sessions | undefined;

  /**
   * @param isSync whether it has the types of a SyncManager, too
   * @throws ResourceError when nobody can listen there
   */
  constructor(
    isSync: boolean,
    types: ReadonlyMap<string, ServedType>,
    address: Address | undefined,
    options: NetworkOptions,
  ) {
    this.#listener = new Listener(address, options);
    // What only a server needs is loaded only by one.
    this.#load = async () => {
      const loaded = await import('./sessions.ts');
      return new loaded.Sessions(isSync, types, options.handshakeTimeout ?? GREETING_MS);
    };
  }

  /** Where it listens, with the port that the system has chosen. */
  get address(): Address {
    return this.#listener.address;
  }

  /** Serves until `close`. A peer that is refused, or talks nonsense, is no business of the others. */
  async serveForever(): Promise<void> {
    const sessions = await (this.#loading ??= this.#load());
    this.#sessions = sessions;
    while (!this.#listener.closed) {
      let connection: SocketConnection;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (error instanceof ClosedError && this.#listener.closed) return;
        // Refused, or gone before it was let in. Anything else would come at once again.
        if (!(error instanceof AuthenticationError)) await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      void sessions.serve(connection);
    }
  }

  /** Ends it, and all of its connections. */
  close(): void {
    this.#listener.close();
    this.#sessions?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
