import { SerializationError } from '../support/errors.ts';
import { decode, encode } from './codec.ts';
import { isSharedView, sharesMemory } from './shared-views.ts';
import { registersTypes, typeOfPrototype } from './type-registry.ts';

const PREFIX = 'forkless';
const HANDLE = /^forkless:([a-z][a-z0-9-]*):([A-Za-z0-9_-]+)$/;

/**
 * Names a shared object, or a view of shared memory, by a text for processes that forkless did not start. The object
 * must stay alive until the other side has taken it.
 *
 * @throws TypeError when the object is not a shared one, SerializationError when it carries a function (a Barrier's action).
 * @example
 * fork('./worker.js', [toHandle(queue)]); // there: fromHandle(process.argv[2])
 */
export function toHandle(object: object): string {
  const tag = tagOf(object);
  if (tag === undefined) {
    throw new TypeError(
      'toHandle() expects a shared object (a Lock, a Queue, …) or a view of shared memory. Other values are sent as messages.',
    );
  }
  const { bytes, modules } = encode(object, 'the object', { code: false });
  const foreign = modules.find((module) => !registersTypes(module) && !sharesMemory(module));
  if (foreign !== undefined) {
    // Reading a text must not import a module that the text names.
    throw new SerializationError(
      `The object carries a function of ${foreign}, which a handle cannot: give the object a name, and open it by that with the function there`,
    );
  }
  return `${PREFIX}:${tag}:${Buffer.from(bytes).toString('base64url')}`;
}

/**
 * The shared object that a handle of `toHandle` names.
 *
 * @throws TypeError when the text is no handle.
 * @throws SerializationError when its kind is unknown here, or it was made by an incompatible version.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it is
export function fromHandle<T extends object = object>(handle: string): T {
  const [, tag, data] = (typeof handle === 'string' ? HANDLE.exec(handle) : null) ?? [];
  if (tag === undefined || data === undefined) {
    const given = typeof handle === 'string' ? `'${handle.slice(0, 40)}'` : handle === null ? 'null' : typeof handle;
    throw new TypeError(`fromHandle() expects a text of toHandle(), which begins with '${PREFIX}:', not ${given}.`);
  }
  const object = decode(Buffer.from(data, 'base64url'));
  if (typeof object !== 'object' || object === null || tagOf(object) !== tag) {
    throw new SerializationError(`The handle says that it is a '${tag}', but it is not: it was changed or cut.`);
  }
  return object as T;
}

function tagOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined;
  if (isSharedView(object)) return 'view';
  const entry = typeOfPrototype(object);
  return entry?.kind === 'shareable' ? entry.name : undefined;
}
