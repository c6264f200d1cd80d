import { addLateTypes, addType, typeOfPrototype } from './type-registry.ts';

/** How the objects of a class are shared with other processes. */
export interface ShareProtocol<T extends object, D> {
  /** Names the class in messages and handles; the same in every process. */
  readonly tag: string;
  /** The URL of the module that registers the class: a receiver imports it first. */
  readonly module?: string;
  /** What another process needs in order to attach: plain data without secrets. */
  readonly share: (object: T) => D;
  /** Makes the object for the same shared thing in this process. */
  readonly attach: (data: D) => T;
}

const TAG = /^[a-z][a-z0-9-]*$/;

/**
 * Registers a class whose objects live in shared memory: wherever one is sent, a handle travels and the receiver
 * attaches to the same thing. So processes can carry queues without knowing what a queue is.
 *
 * @throws TypeError when the class or the tag is registered already.
 */
export function registerShareable<T extends object, D>(
  Class: abstract new (...args: never[]) => T,
  protocol: ShareProtocol<T, D>,
): void {
  if (typeof Class !== 'function' || typeof Class.prototype !== 'object')
    throw new TypeError('registerShareable() expects a class.');
  if (!TAG.test(protocol.tag) || protocol.tag === 'view') {
    throw new TypeError(`A tag consists of a–z, 0–9 and '-', and is not 'view': '${protocol.tag}' is none.`);
  }
  addType(Class.prototype as object, {
    kind: 'shareable',
    name: protocol.tag,
    module: protocol.module,
    write: protocol.share,
    read: protocol.attach,
  });
}

/**
 * Has classes registered only when one of their objects is sent, or received: for those of parts of the runtime that few
 * programs load.
 *
 * @param module - the URL of the module that they are registered with
 * @param claims - whether an object may be one of theirs
 */
export function registerShareableLate(module: string, claims: (value: object) => boolean, register: () => void): void {
  addLateTypes({ module, claims, register });
}

/** Whether a value is an object of a registered class. */
export function isShareable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeOfPrototype(value)?.kind === 'shareable';
}
