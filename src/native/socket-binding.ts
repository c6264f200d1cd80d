declare const descriptorWatch: unique symbol;

/** A descriptor that the event loop can watch; `closeWatch`, the collector or the end of the thread ends it. */
export interface DescriptorWatch {
  readonly [descriptorWatch]: never;
}

/** What `watch` and `waitForDescriptor` wait for. */
export const READABLE = 1;
export const WRITABLE = 2;

/** The port of what is no host but the path of a Unix socket. */
export const UNIX_PORT: number = -1;

/** The part of the addon for sockets: native/binding/socket.cc. Only `resolveHost` and `waitForDescriptor` block. */
export interface SocketBinding {
  /** The first address of a host, as text. */
  resolveHost(host: string, family: 4 | 6): string;
  listenSocket(host: string, port: number, backlog: number): readonly [fd: number, host: string, port: number];
  /** Writable once it is connected or has failed, see `connectResult`. Undefined: the listener has no room now. */
  connectSocket(host: string, port: number): readonly [fd: number, connected: boolean] | undefined;
  connectResult(fd: number): void;
  /** Undefined: nobody is there now. */
  acceptSocket(fd: number): readonly [fd: number, host: string, port: number] | undefined;
  /** How many bytes; 0 = the end, -1 = nothing now. */
  receiveSome(fd: number, target: Uint8Array): number;
  /** How many bytes of both; -1 = no room now. */
  sendSome(fd: number, head: Uint8Array, body: Uint8Array): number;
  /** Which of the events; 0 = the deadline (ms of the monotonic clock) has passed. */
  waitForDescriptor(fd: number, events: number, deadline: number): number;

  /**
   * With `owned` the descriptor goes with the watch, which may be with the thread, and so do the file of a listening socket and
   * a directory for it; '' = none.
   */
  openWatch(fd: number, owned: boolean, path: string, directory: string): DescriptorWatch;
  /** From now on, until it is called again; with 0 it ends. While it lasts it keeps the event loop and `onReady` alive. */
  watch(watch: DescriptorWatch, events: number, onReady: (events: number) => void): void;
  closeWatch(watch: DescriptorWatch): void;
}
