import { ClosedError, EOFError } from '../support/errors.ts';

/** What values can be received from, until it ends. */
interface Receiver {
  recv(): Promise<unknown>;
  readonly closed: boolean;
}

/** The values as they come, until the other side ends or the object itself is closed. */
export async function* receivedValues(receiver: Receiver): AsyncGenerator<unknown, void, undefined> {
  for (;;) {
    let value: unknown;
    try {
      value = await receiver.recv();
    } catch (error) {
      if (error instanceof EOFError || (error instanceof ClosedError && receiver.closed)) return;
      throw error;
    }
    yield value;
  }
}
