import type { Process } from '../process/process.ts';
import { currentProcess } from '../process/current.ts';
import { StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions } from '../support/options.ts';
import type { AsyncWaitOptions } from '../support/options.ts';
import { FamilySide } from './family-side.ts';
import { MANAGER } from './links/requests.ts';
import { checkManagerOptions } from './manager-options.ts';
import type { CheckedOptions, ManagerOptions } from './manager-options.ts';
import type { ManagerSide } from './manager-side.ts';
import { NetworkSide } from './network-side.ts';
import type { LinkSettings } from './links/network-link.ts';
import type { Address } from './network/address.ts';
import type { NetworkOptions } from './network/network-options.ts';
import { addType, registryOf } from './registry.ts';
import type { Registration } from './registry.ts';
import type { Callable, ServedType } from './server/hub.ts';
import { ManagerServer } from './server/network-server.ts';
import { typesOf } from './server/sync-types.ts';

/** What is done first in the process of the server. */
export interface StartOptions {
  readonly initializer?: Callable;
  readonly initArgs?: readonly unknown[];
}

type ManagerState = 'initial' | 'starting' | 'started' | 'shut down';

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

  readonly #options: CheckedOptions;
  #state: ManagerState = 'initial';
  #side: ManagerSide | undefined;

  /** @throws TypeError, RangeError for wrong options, naming the key */
  constructor(options: ManagerOptions = {}) {
    this.#options = checkManagerOptions(options, `new ${new.target.name}()`);
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

  /**
   * Starts the server in a process of its own; it ends with this one at the latest.
   * @throws TypeError for wrong options; StateError when it was started before, or the server has ended at once; SerializationError when a callable cannot
   * travel; ResourceError when it cannot listen at its address
   */
  async start(options: StartOptions = {}): Promise<this> {
    checkStart(options);
    const { initializer, initArgs = [] } = options;
    const { address, callTimeout } = this.#options;
    const name = `${this.#name}-${++count}`;
    const settings = { isSync: this.hasSyncTypes, types: this.#types, initializer, initArgs };
    return this.#begin('start()', () =>
      address === undefined
        ? FamilySide.start(name, { ...settings, callTimeout })
        : NetworkSide.start(name, { ...settings, address, network: this.#network }, this.#linkSettings),
    );
  }

  /**
   * Connects to the server at the address, which somebody else has started.
   * @throws StateError when there is no address, or it is connected; ResourceError when nobody listens there;
   * AuthenticationError when the key is another one
   */
  async connect(): Promise<this> {
    const address = this.#addressFor('connect()');
    return this.#begin('connect()', () => NetworkSide.connect(address, this.#linkSettings));
  }

  /**
   * The server, for this process: it listens when this returns, and serves with `serveForever()`. Its callables are those of
   * this process, with all that they know.
   * @throws StateError when there is no address; ResourceError when it cannot listen there
   */
  getServer(): ManagerServer {
    return new ManagerServer(typesOf(this.hasSyncTypes, this.#types), this.#addressFor('getServer()'), this.#network);
  }

  async #begin(call: string, begin: () => Promise<ManagerSide>): Promise<this> {
    if (this.#state === 'starting' || this.#state === 'started') {
      throw new StateError(
        `${this.#name}.${call}: it is ${this.#state === 'started' ? 'started or connected' : 'being started'}`,
      );
    }
    this.#state = 'starting';
    try {
      this.#side = await begin();
      this.#state = 'started';
    } catch (error) {
      this.#state = 'initial';
      throw error;
    }
    return this;
  }

  get #types(): Map<string, ServedType> {
    return servedTypes(registryOf(this.constructor as typeof BaseManager));
  }

  get #network(): NetworkOptions {
    return { authkey: currentProcess().authkey, ...this.#options.network };
  }

  get #linkSettings(): LinkSettings {
    return { network: this.#network, callTimeout: this.#options.callTimeout };
  }

  #addressFor(call: string): Address {
    const { address } = this.#options;
    if (address !== undefined) return address;
    throw new StateError(
      `${this.#name}.${call}: it has no address. Give it one: new ${this.#name}({ address: ['localhost', 6000] })`,
    );
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

  /** Where the server listens; undefined when it serves its family only. */
  get address(): Address | undefined {
    return this.#side?.address ?? this.#options.address;
  }

  /** The process of the server; undefined when this manager has not started it. */
  get process(): Process | undefined {
    return this.#side?.process;
  }

  /**
   * Waits until the server's process has ended, by whomever.
   * @throws StateError when this manager has not started it
   */
  async join(options?: AsyncWaitOptions): Promise<boolean> {
    if (this.process === undefined) throw new StateError(`${this.#name}.join(): it has started no server`);
    return this.process.join(options);
  }

  /** Ends the server if this manager has started it, and with it all of its objects; else only the connection to it. */
  async shutdown(): Promise<void> {
    const side = this.#side;
    if (this.#state !== 'started' || side === undefined) return;
    this.#state = 'shut down';
    await side.shutdown(this.#options.shutdownTimeout);
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
      this.#state === 'shut down'
        ? 'it has been shut down'
        : 'it has not been started. Call start() first, or connect()';
    throw new StateError(`${this.#name}.${call}: ${remedy}`);
  }

  #describe(): string {
    const pid = this.process?.pid;
    return pid === undefined || this.#state !== 'started' ? this.#state : `${this.#state}, server: pid ${pid}`;
  }
}

function checkStart(options: StartOptions): void {
  checkOptions(options, ['initializer', 'initArgs'], 'start()');
  const { initializer, initArgs } = options;
  if (initializer !== undefined && typeof initializer !== 'function') {
    throw new TypeError(`start(): the initializer must be a function, not ${typeof initializer}`);
  }
  if (initArgs !== undefined && !Array.isArray(initArgs)) {
    throw new TypeError(`start(): initArgs must be an array, not ${typeof initArgs}`);
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
