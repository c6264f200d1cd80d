import type { Process } from '../process/process.ts';
import type { Link } from './links/link.ts';

/** How a manager has its server: as a child in its family, or at an address. */
export interface ManagerSide {
  readonly link: Link;
  /** The process of the server, if this process has started it. */
  readonly process: Process | undefined;
  /** Ends what this process has started; gives up the link. */
  shutdown(timeout: number): Promise<void>;
}
