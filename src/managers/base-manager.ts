import type { Process } from '../process/process.ts';
import { StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { FamilySide } from './family-side.ts';
import { MANAGER } from './links/requests.ts';
import { checkManagerOptions, MANAGER_KEYS } from './manager-options.ts';
import type { ManagerOptions } from './manager-options.ts';
import type { ManagerSide } from './manager-side.ts';
import { addType, registryOf } from './registry.ts';
import type { Registration } from './registry.ts';
import type { Callable, ServedType } from './server/hub.ts';

/** What is done first in the process of the server. */
export interface StartOptions {
  readonly initializer?: Callable;
  readonly initArgs?: readonly unknown[];
}

type ManagerState = 'initial' | 'starting' | 'started' | 'shut down';

const SHUTDOWN_MS = 1000;
let count = 0;

/**
 * A manager: a server process has objects, and any process that has proxies of them can use them. Which types of objects there
 * are is said by `register`, for a subclass.
 * Python: `multiprocessing.managers.BaseManager`.
 *
 * @example
 * class MathManager extends BaseManager {
 *   declare Maths: () => ObjectProxy<Maths>;
 * }
 * MathManager.register('Maths', { callable: Maths });
 * await using manager = await new MathManager().start();
 * console.log(manager.Maths().callMethod('add', 4, 3));
 */
export class BaseManager implements AsyncDisposable {
  static {
    printAs(BaseManager, (manager) => `${manager.constructor.name} { ${manager.#describe()} }`);
  }

  readonly #options: ManagerOptions;
  #state: ManagerState = 'initial';
  #side: ManagerSide | undefined;

  /** @throws TypeError, RangeError for wrong options, naming the key */
  constructor(options: ManagerOptions = {}) {
    checkManagerOptions(options, MANAGER_KEYS, `new ${new.target.name}()`);
    this.#options = options;
  }

  /**
   * Registers a type of objects: `manager.typeId(...args)` then calls `callable` at the server, and gives a proxy of the object.
   * An array, a Map or a plain object is the server's own one: its proxies change it. Anything else is an object with methods.
   * @throws TypeError for a wrong registration
   */
  static register(typeId: string, registration: Registration = {}): void {
    if (typeId in BaseManager.prototype) {
      throw new TypeError(`register(): a manager has '${typeId}' itself; give the type another name`);
    }
    addType(this, typeId, registration);
    const make = registration.proxy as ((proxy: unknown) => unknown) | undefined;
    Object.defineProperty(this.prototype, typeId, {
      value(this: BaseManager, ...args: readonly unknown[]): unknown {
        const made = this.create(typeId, args);
        return make === undefined ? made : make(made);
      },
      configurable: true,
      writable: true,
    });
  }

  /** Starts the server in a process of its own; it ends with this one at the latest. */
  async start(options: StartOptions = {}): Promise<this> {
    if (this.#state !== 'initial') throw new StateError(`${this.#name}: start() has been called before`);
    this.#state = 'starting';
    try {
      this.#side = await FamilySide.start(`${this.#name}-${++count}`, {
        isSync: this.hasSyncTypes,
        types: servedTypes(registryOf(this.constructor as typeof BaseManager)),
        callTimeout: this.#options.callTimeout,
        initializer: options.initializer,
        initArgs: options.initArgs ?? [],
      });
      this.#state = 'started';
    } catch (error) {
      this.#state = 'initial';
      throw error;
    }
    return this;
  }

  /** Whether its server has the types of a SyncManager. */
  protected get hasSyncTypes(): boolean {
    return false;
  }

  /** Makes an object of a type; blocks until the server has answered. */
  protected create(typeId: string, args: readonly unknown[]): unknown {
    return this.#started(`${typeId}()`).link.callSync(MANAGER, 'create', [typeId, ...args]);
  }

  /** The same without blocking: `await manager.createAsync('getList')`. */
  createAsync(typeId: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#started(`${typeId}()`).link.call(MANAGER, 'create', [typeId, ...args]);
  }

  /** How many objects at the server somebody has a proxy of. */
  async countObjects(): Promise<number> {
    return (await this.#started('countObjects()').link.call(MANAGER, 'count', [])) as number;
  }

  /** The process of the server; undefined when this manager has not started it. */
  get process(): Process | undefined {
    return this.#side?.process;
  }

  /** Ends the server, and with it all of its objects. */
  async shutdown(): Promise<void> {
    const side = this.#side;
    if (this.#state !== 'started' || side === undefined) return;
    this.#state = 'shut down';
    await side.shutdown(this.#options.shutdownTimeout ?? SHUTDOWN_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  get #name(): string {
    return this.constructor.name;
  }

  #started(call: string): ManagerSide {
    if (this.#side !== undefined && this.#state === 'started') return this.#side;
    const remedy =
      this.#state === 'shut down' ? 'it has been shut down' : 'it has not been started. Call start() first';
    throw new StateError(`${this.#name}.${call}: ${remedy}`);
  }

  #describe(): string {
    const pid = this.process?.pid;
    return pid === undefined || this.#state !== 'started' ? this.#state : `${this.#state}, server: pid ${pid}`;
  }
}

/** What the server needs: those types that it can make. */
function servedTypes(registry: ReadonlyMap<string, Registration>): Map<string, ServedType> {
  const served = new Map<string, ServedType>();
  for (const [typeId, { callable, exposed }] of registry) {
    if (callable !== undefined) served.set(typeId, { callable, ...(exposed !== undefined && { exposed }) });
  }
  return served;
}
