import { deadlineAfter, leftUntil } from '../../support/deadline.ts';
import { AuthenticationError, ClosedError, MultiprocessingError, TimeoutError } from '../../support/errors.ts';
import type { Handshake } from './handshake.ts';
import type { SocketConnection } from './socket-connection.ts';

/**
 * Runs a handshake over a new connection, and closes it when that fails.
 * @param deadline - of the monotonic clock
 * @throws AuthenticationError, whatever goes wrong with the peer; the signal's reason.
 */
export async function authenticate(
  connection: SocketConnection,
  handshake: Handshake,
  deadline: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    for (let step = handshake.next(); step.done !== true;) {
      const { value } = step;
      const wait = { timeout: leftUntil(deadline), ...(signal !== undefined && { signal }) };
      if ('receive' in value) {
        step = handshake.next(await connection.recvBytes({ ...wait, maxLength: value.receive }));
      } else {
        await connection.sendBytes(value.send, undefined, undefined, wait);
        step = handshake.next(NOTHING);
      }
    }
  } catch (error) {
    connection.close();
    throw signal?.aborted === true ? signal.reason : failure(error);
  }
}

/** `authenticate`, blocking the thread. */
export function authenticateSync(connection: SocketConnection, handshake: Handshake, deadline: number): void {
  try {
    for (let step = handshake.next(); step.done !== true;) {
      const { value } = step;
      const wait = { timeout: leftUntil(deadline) };
      if ('receive' in value) {
        step = handshake.next(connection.recvBytesSync({ ...wait, maxLength: value.receive }));
      } else {
        connection.sendBytesSync(value.send, undefined, undefined, wait);
        step = handshake.next(NOTHING);
      }
    }
  } catch (error) {
    connection.close();
    throw failure(error);
  }
}

/** By when a handshake must have ended. */
export function handshakeDeadline(timeout: number, deadline: number = Infinity): number {
  return Math.min(deadlineAfter(timeout), deadline);
}

const NOTHING = new Uint8Array();

function failure(error: unknown): unknown {
  if (error instanceof AuthenticationError || error instanceof ClosedError) return error;
  if (!(error instanceof MultiprocessingError)) return error;
  const why =
    error instanceof TimeoutError
      ? 'it did not prove in time that it knows the key'
      : `it broke off (${error.message}): it has another key or none, or speaks another protocol`;
  return new AuthenticationError(`The peer has been refused: ${why}`, { cause: error });
}
