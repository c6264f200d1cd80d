import { Process } from '../process/process.ts';
import { decodeThrown } from '../reduction/remote-error.ts';
import { EOFError, StateError } from '../support/errors.ts';
import { Pipe } from '../transport/pipe.ts';
import type { Connection } from '../transport/connection.ts';
import { endServer, type ManagerSide } from './manager-side.ts';
import { NetworkLink } from './links/network-link.ts';
import type { LinkSettings } from './links/network-link.ts';
import type { Address } from './network/address.ts';
import { serveNetwork } from './server/serve-network.ts';
import type { NetworkServerSettings, Started } from './server/serve-network.ts';

/** A manager whose server is at an address: a child of this process, or anybody's. */
export class NetworkSide implements ManagerSide {
  readonly link: NetworkLink;
  readonly address: Address;
  readonly process: Process | undefined;
  readonly #control: Connection | undefined;

  private constructor(link: NetworkLink, address: Address, server?: Process, control?: Connection) {
    this.link = link;
    this.address = address;
    this.process = server;
    this.#control = control;
  }

  /** @throws ResourceError when nobody listens there; AuthenticationError; TimeoutError */
  static async connect(address: Address, settings: LinkSettings): Promise<NetworkSide> {
    return new NetworkSide(await NetworkLink.connect(address, settings), address);
  }

  /**
   * Starts the server, and connects to it.
   * @throws ResourceError when it cannot listen there; StateError when it has ended before; SerializationError
   */
  static async start(name: string, settings: NetworkServerSettings, link: LinkSettings): Promise<NetworkSide> {
    const [control, inside] = Pipe();
    let server: Process | undefined;
    try {
      server = new Process({
        target: serveNetwork,
        args: [inside, settings],
        name,
        daemon: true,
      }).start() as unknown as Process;
      inside.close();
      const started = (await control.recv()) as Started;
      if ('thrown' in started) throw decodeThrown(started.thrown);
      const { address } = started;
      return new NetworkSide(await NetworkLink.connect(address, link), address, server, control);
    } catch (error) {
      inside.close();
      control.close();
      server?.terminate();
      await server?.join();
      if (!(error instanceof EOFError)) throw error;
      const what = `${name} has ended before it served anybody, with exit code ${server?.exitCode}`;
      throw new StateError(`${what}; see what it has written to stderr`, { cause: error });
    }
  }

  /** Ends the server if it is a child of this process, and the connections to it. */
  async shutdown(timeout: number): Promise<void> {
    this.link.close();
    // The server ends when it sees the end of this.
    this.#control?.close();
    if (this.process !== undefined) await endServer(this.process, timeout);
  }
}
