import type { Process } from '../process/process.ts';
import type { Link } from './links/link.ts';
import type { Address } from './network/address.ts';

/** How a manager has its server: as a child in its family, or at an address. */
export interface ManagerSide {
  readonly link: Link;
  /** Where the server listens; undefined in a family. */
  readonly address?: Address;
  /** The process of the server, if this process has started it. */
  readonly process: Process | undefined;
  /** Ends what this process has started; gives up the link. */
  shutdown(timeout: number): Promise<void>;
}

/** Waits for the end of a server that was told to end; terminates it, and then kills it, when it does not. */
export async function endServer(server: Process, timeout: number): Promise<void> {
  if (!(await server.join({ timeout }))) server.terminate();
  if (!(await server.join({ timeout }))) server.kill();
  await server.join();
}
