import { Process } from '../process/process.ts';
import { StateError } from '../support/errors.ts';
import { within } from '../support/within.ts';
import { Pipe } from '../transport/pipe.ts';
import { endServer, type ManagerSide } from './manager-side.ts';
import { linkThrough } from './links/family-handle.ts';
import type { FamilyLink } from './links/family-link.ts';
import { MANAGER } from './links/requests.ts';
import { serveFamily } from './server/family-server.ts';
import type { ServerSettings } from './server/family-server.ts';

/** A manager whose server is a child of this process, and speaks with its family through shared memory. */
export class FamilySide implements ManagerSide {
  readonly link: FamilyLink;
  readonly process: Process;

  private constructor(link: FamilyLink, server: Process) {
    this.link = link;
    this.process = server;
  }

  /**
   * Starts the server, and waits until it serves.
   * @throws StateError when it has ended before that; SerializationError when a callable cannot travel; ResourceError
   */
  static async start(name: string, settings: ServerSettings): Promise<FamilySide> {
    const [door, entrance] = Pipe({ duplex: false });
    let server: Process;
    let link: FamilyLink;
    try {
      server = new Process({
        target: serveFamily,
        args: [door, entrance, settings],
        name,
        daemon: true,
      }).start() as unknown as Process;
      link = linkThrough(entrance);
    } finally {
      door.close();
      entrance.close();
    }
    try {
      await link.ready();
    } catch (cause) {
      link.close();
      server.terminate();
      await server.join();
      throw new StateError(
        `${name} has ended before it served anybody, with exit code ${server.exitCode}; see what it has written to stderr`,
        { cause },
      );
    }
    return new FamilySide(link, server);
  }

  /** Ends the server; what cannot be ended by asking is terminated, and then killed. */
  async shutdown(timeout: number): Promise<void> {
    if (this.process.isAlive()) await this.#ask(timeout);
    this.link.close();
    await endServer(this.process, timeout);
  }

  /** Asks it to end; a server that is busy, or has just ended, does not answer. */
  async #ask(timeout: number): Promise<void> {
    const asked = this.link.call(MANAGER, 'shutdown', []).catch(() => {});
    await within(asked, timeout, undefined);
  }
}
