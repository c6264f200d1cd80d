import { makeArrayProxy } from './array-proxy.ts';
import { makeDictProxy } from './dict-proxy.ts';
import { makeListProxy } from './list-proxy.ts';
import { makeNamespaceProxy } from './namespace-proxy.ts';
import { makeObjectProxy } from './object-proxy.ts';
import type { RemoteObject } from './remote-object.ts';
import { ValueProxy } from './value-proxy.ts';

/** The proxy for an object of any kind. */
export function makeProxy(remote: RemoteObject): object {
  switch (remote.kind) {
    case 'dict':
      return makeDictProxy(remote);
    case 'list':
      return makeListProxy(remote);
    case 'Namespace':
      return makeNamespaceProxy(remote);
    case 'Array':
      return makeArrayProxy(remote);
    case 'Value':
      return new ValueProxy(remote);
    case 'object':
      return makeObjectProxy(remote);
  }
}
