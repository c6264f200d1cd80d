import type { Socket as DatagramSocket, SocketType } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';

import { giveAway } from '../reduction/gifts.ts';
import { CannotTravel } from '../reduction/refusals.ts';
import { registerShareable, registerShareableLate } from '../reduction/shareable.ts';
import { fetch, giveUp, keep } from './tickets.ts';
import type { TicketForm } from './tickets.ts';
import { RUNTIME } from '../support/runtime.ts';

const require = createRequire(import.meta.url);
// To load them takes longer than forkless itself, and most programs do without.
const net = (): typeof import('node:net') => require('node:net') as typeof import('node:net');
const dgram = (): typeof import('node:dgram') => require('node:dgram') as typeof import('node:dgram');

/** What is under Node's sockets: libuv's handle, as far as it is needed here. */
interface Handle {
  readonly fd: number;
  readStop?(): number;
  readStart?(): number;
}

interface SocketForm extends TicketForm {
  readonly allowHalfOpen: boolean;
  /** What this process has read already and nobody has taken. */
  readonly unread: Uint8Array | undefined;
}

interface DatagramForm extends TicketForm {
  readonly type: SocketType;
}

/**
 * Sockets travel as open descriptors: a connected one is given away, so that the connection ends with its receiver; a
 * listening server and a UDP socket are then used by both.
 */

/** A connection: the sender's object is closed, the connection goes on. */
function shareSocket(socket: Socket): SocketForm {
  if ((socket as { encrypted?: boolean }).encrypted === true) {
    throw new CannotTravel('its encryption is known to this process only. Send the connection before TLS begins.');
  }
  checkClass(socket, net().Socket);
  if (socket.connecting) throw new CannotTravel("it is not connected yet. Send it after its 'connect' event.");
  const handle = handleOf(socket);
  if (socket.writableLength > 0) {
    throw new CannotTravel("it has data that are not written yet. Send it after the last write's callback.");
  }
  handle.readStop?.();
  const unread = socket.readableLength > 0 ? bytesOf(socket.read()) : undefined;
  const form = keep(handle.fd);
  giveAway({
    given: () => void socket.destroy(),
    kept: () => {
      giveUp(form);
      if (unread !== undefined) socket.unshift(unread);
      handle.readStart?.();
    },
  });
  return { ...form, allowHalfOpen: socket.allowHalfOpen, unread };
}

function attachSocket(form: SocketForm): Socket {
  const { allowHalfOpen, unread } = form;
  const socket = new (net().Socket)({ fd: fetch(form), readable: true, writable: true, allowHalfOpen });
  if (unread !== undefined) socket.unshift(unread);
  return socket;
}

function shareServer(server: Server): TicketForm {
  checkClass(server, net().Server);
  const form = keep(handleOf(server).fd);
  giveAway({ given: () => {}, kept: () => giveUp(form) });
  return form;
}

function attachServer(form: TicketForm): Server {
  return net()
    .createServer()
    .listen({ fd: fetch(form) });
}

function shareDatagramSocket(socket: DatagramSocket): DatagramForm {
  const state = stateOf(socket);
  const form = keep(handleOf({ _handle: state?.handle }).fd);
  giveAway({ given: () => {}, kept: () => giveUp(form) });
  return { ...form, type: state?.type ?? 'udp4' };
}

function attachDatagramSocket(form: DatagramForm): DatagramSocket {
  return dgram()
    .createSocket(form.type)
    .bind({ fd: fetch(form) } as { fd: number; port: number });
}

function handleOf(object: object): Handle {
  // Other runtimes have sockets that look like Node's, and cannot make one of a descriptor.
  if (RUNTIME !== 'node')
    throw new CannotTravel('sockets can be given away under Node.js only. Send what is read from it.');
  const handle = (object as { _handle?: Handle | null })._handle;
  if (handle === undefined || handle === null || !(handle.fd >= 0)) {
    throw new CannotTravel('it is closed, or not open yet. Send it while it is open.');
  }
  return handle;
}

/** A UDP socket has its handle behind a symbol; its `_handle` warns. */
function stateOf(socket: DatagramSocket): { readonly handle: Handle | null; readonly type: SocketType } | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  const state = symbol === undefined ? undefined : (socket as unknown as Record<symbol, unknown>)[symbol];
  return state === undefined
    ? undefined
    : { handle: (state as { handle: Handle | null }).handle, type: (socket as unknown as { type: SocketType }).type };
}

function bytesOf(chunk: unknown): Uint8Array | undefined {
  return typeof chunk === 'string' ? Buffer.from(chunk) : ((chunk as Uint8Array | null) ?? undefined);
}

/** What extends these classes is more than its descriptor: a terminal, an HTTP server. The streams of the process are, too. */
function checkClass(object: Socket | Server, Class: { readonly prototype: object }): void {
  const isExact = Object.getPrototypeOf(object) === Class.prototype;
  if (isExact && (object as { _isStdio?: boolean })._isStdio !== true) return;
  throw new CannotTravel('it is more than a connection: what else belongs to it is in this process. Send a plain one.');
}

/**
 * Has sockets travel; Node's modules are loaded when the first of them is met.
 * @param module URL of the module that calls this: receivers import it
 */
export function registerSockets(module: string): void {
  registerShareableLate(
    module,
    (value) => value instanceof EventEmitter,
    () => registerNow(module),
  );
}

function registerNow(module: string): void {
  registerShareable(net().Socket, { tag: 'socket', module, share: shareSocket, attach: attachSocket });
  registerShareable(net().Server, { tag: 'server', module, share: shareServer, attach: attachServer });
  registerShareable(dgram().Socket, {
    tag: 'datagram-socket',
    module,
    share: shareDatagramSocket,
    attach: attachDatagramSocket,
  });
}
