import { SerializationError } from '../support/errors.ts';

/** How one piece of shared memory is named to other processes. */
export interface SharedBufferProtocol {
  /** The URL of the module that sets the attacher: a receiver imports it first. */
  readonly module: string;
  /** What another process needs in order to map the same memory: plain data. */
  readonly share: () => unknown;
}

type Attacher = (data: unknown) => ArrayBuffer;

const modules = new Set<string>();
const protocols = new WeakMap<ArrayBufferLike, SharedBufferProtocol>();
let attacher: Attacher | undefined;

/**
 * Declares that an ArrayBuffer is shared memory: it and every view of it (subarrays included) travel by handle instead
 * of by copy.
 */
export function registerSharedBuffer(buffer: ArrayBuffer, protocol: SharedBufferProtocol): void {
  protocols.set(buffer, protocol);
  modules.add(protocol.module);
}

/** Whether a module has declared shared memory here. */
export function sharesMemory(module: string): boolean {
  return modules.has(module);
}

/** Sets how handles of shared memory become ArrayBuffers in this process; the layer of the memory does it once. */
export function setSharedBufferAttacher(attach: Attacher): void {
  attacher = attach;
}

/** How a buffer is shared; undefined when it is ordinary memory. */
export function sharedBufferProtocol(buffer: ArrayBufferLike): SharedBufferProtocol | undefined {
  return protocols.get(buffer);
}

/** Whether a value is a view of shared memory, or such memory itself. */
export function isSharedView(value: unknown): value is ArrayBufferView | ArrayBuffer {
  if (ArrayBuffer.isView(value)) return protocols.has(value.buffer);
  return value instanceof ArrayBuffer && protocols.has(value);
}

/**
 * The memory that a handle names.
 *
 * @throws SerializationError when this process has no shared memory.
 */
export function attachSharedBuffer(data: unknown): ArrayBuffer {
  if (attacher === undefined) {
    throw new SerializationError(
      "The message refers to shared memory, which this process has not opened: import 'forkless' first.",
    );
  }
  return attacher(data);
}

/** How large ordinary buffers travel beside a message instead of in it: copied once into shared memory, once out of it. */
export interface BufferCarrier {
  /** Smaller ones travel in the message. */
  readonly minBytes: number;
  /** Copies the bytes; what it returns goes into the message: plain data. */
  readonly carry: (buffer: ArrayBuffer, byteOffset: number, byteLength: number) => unknown;
}

type Unloader = (data: unknown) => ArrayBuffer;
let unloader: Unloader | undefined;

/** Sets how what a carrier has made becomes an ArrayBuffer of this process; the layer of the transport does it once. */
export function setBufferUnloader(unload: Unloader): void {
  unloader = unload;
}

/**
 * The buffer that came beside a message.
 *
 * @throws SerializationError when this process has nothing that messages come with.
 */
export function unloadBuffer(data: unknown): ArrayBuffer {
  if (unloader === undefined) {
    throw new SerializationError(
      "The message has memory beside it, which this process cannot reach: import 'forkless' first.",
    );
  }
  return unloader(data);
}
