import { attachBlock } from '../../memory/heap.ts';
import type { BlockReference } from '../../memory/heap.ts';
import { registerShareable } from '../../reduction/shareable.ts';
import type { Connection } from '../../transport/connection.ts';
import { makeProxy } from '../proxies/make-proxy.ts';
import { RemoteObject, remoteOf } from '../proxies/remote-object.ts';
import { Managed } from '../referents/managed.ts';
import { Referent } from '../referents/referent.ts';
import type { ProxyKind } from '../referents/referent.ts';
import { FamilyLink } from './family-link.ts';

/** How a proxy travels in its family. */
export interface FamilyHandle {
  /** By which clients come to the manager. */
  readonly door: BlockReference;
  /** What keeps the object alive. */
  readonly token: BlockReference;
  readonly number: number;
  readonly kind: ProxyKind;
  readonly details?: readonly string[];
}

/** The server in this process, if it is the process of a manager. */
interface Home {
  readonly door: BlockReference;
  readonly handle: (referent: Referent) => FamilyHandle;
  readonly objectAt: (number: number) => object;
}

let home: Home | undefined;

/** Says that this process is the one of a manager: its own objects arrive here as they are. */
export function settleHome(server: Home): void {
  home = server;
}

/** What travels for a proxy that is in `handles`. */
const handles = new WeakMap<RemoteObject, () => FamilyHandle>();

registerShareable(Managed, {
  tag: 'managed',
  module: import.meta.url,
  share: (object: Managed): FamilyHandle => {
    if (object instanceof Referent && home !== undefined) return home.handle(object);
    const remote = remoteOf(object);
    remote.checkOpen();
    const handle = handles.get(remote);
    if (handle === undefined)
      throw new TypeError('A proxy of a manager on a network cannot travel to another process: connect there');
    return handle();
  },
  attach: (handle: FamilyHandle): object =>
    (isOurs(handle) ? home?.objectAt(handle.number) : undefined) ?? proxyOf(handle),
});

/** The link to the manager whose door one enters here; it makes proxies of what comes. */
export function linkThrough(entrance: Connection): FamilyLink {
  return FamilyLink.through(entrance.share());
}

function isOurs({ door }: FamilyHandle): boolean {
  const ours = home?.door;
  return ours?.family === door.family && ours.offset === door.offset && ours.stamp === door.stamp;
}

function proxyOf({ door, token, number, kind, details }: FamilyHandle): object {
  const link = FamilyLink.through(door);
  const known = link.proxyOf(number);
  if (known !== undefined) return known;
  const hold = attachBlock(token);
  const remote = new RemoteObject(link, { number, kind, details }, () => {
    link.deleteProxy(number);
    hold.release();
  });
  handles.set(remote, () => ({
    door: link.door,
    token: hold.reference(),
    number,
    kind,
    ...(details !== undefined && { details }),
  }));
  const proxy = makeProxy(remote);
  link.addProxy(number, proxy);
  return proxy;
}
