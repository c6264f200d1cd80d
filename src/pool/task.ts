import { modulesAreLoaded, resolveModules } from '../reduction/module-table.ts';
import { decodeThrown } from '../reduction/remote-error.ts';
import { SerializationError } from '../support/errors.ts';
import { isReady, LateMessage, unpack } from '../transport/parcels.ts';
import type { Incoming, Outgoing } from '../transport/records.ts';
import { STATUS } from './messages.ts';
import type { ThrownBytes } from './messages.ts';
import type { PublishedFunction } from './published-functions.ts';

/** What a task is told. Exactly one of the two is called, once. */
export interface TaskEnd {
  /** @param areOutcomes the value is an outcome for each item */
  readonly done: (value: unknown, microseconds: number, areOutcomes: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/** One message to a worker, and who waits for its result. */
export class Task {
  readonly fn: PublishedFunction;
  readonly call: number;
  readonly submittedAt: number = performance.now();
  /** Until it is sent; with retries, until its result is there. */
  message: Outgoing | undefined;
  /** In the stream of tasks; undefined before it is sent. */
  number: number | undefined;
  /** Workers that have died of it. */
  deaths = 0;
  #end: TaskEnd | undefined;

  constructor(fn: PublishedFunction, call: number, message: Outgoing, end: TaskEnd) {
    this.fn = fn;
    this.call = call;
    this.message = message;
    this.#end = end;
  }

  get isSettled(): boolean {
    return this.#end === undefined;
  }

  fail(error: unknown): void {
    const end = this.#end;
    this.#end = undefined;
    end?.failed(error);
  }

  /** Its result has come; a promise when modules have to be imported first. */
  receive(message: Incoming): Promise<void> | undefined {
    const { head } = message;
    const status = head[1] as number;
    const microseconds = (head[3] as number) >>> 0;
    if (!isReady(message)) return this.#receiveLate(new LateMessage(message), status, microseconds);
    try {
      return this.#accept(unpack(message), status, microseconds);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  async #receiveLate(message: LateMessage, status: number, microseconds: number): Promise<void> {
    try {
      await this.#accept(await message.unpack(), status, microseconds);
    } catch (error) {
      this.fail(error);
    }
  }

  #accept(value: unknown, status: number, microseconds: number): Promise<void> | undefined {
    if (status !== STATUS.thrown) {
      const end = this.#end;
      this.#end = undefined;
      end?.done(value, microseconds, status === STATUS.outcomes);
      return undefined;
    }
    const [bytes, modules] = value as ThrownBytes;
    if (!modulesAreLoaded(modules)) return this.#failLate(bytes, modules);
    this.fail(decodeThrown(bytes, FAMILY));
    return undefined;
  }

  async #failLate(bytes: Uint8Array, modules: readonly string[]): Promise<void> {
    // What cannot be imported here arrives as a RemoteError, which says so.
    await resolveModules(modules).catch(() => {});
    this.fail(decodeThrown(bytes, FAMILY));
  }
}

const FAMILY = { code: true };

/** For calls that block: they cannot import anything. */
export function needsImport(task: Task): SerializationError {
  return new SerializationError(
    `The result of '${task.fn.name}' needs modules that are not loaded in this process, and a blocking call cannot import ` +
      'them: use the promise form',
  );
}
