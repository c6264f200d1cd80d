import { Decoder } from './decoder.ts';
import { Encoder } from './encoder.ts';

/** A value as bytes. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** URLs of the modules that the receiver imports (`resolveModules`) before it decodes. */
  readonly modules: string[];
}

const encoders: Encoder[] = [];
const decoders: Decoder[] = [];

/**
 * Makes bytes of a value: everything that `structuredClone` takes, and functions, classes, instances of exported classes,
 * shared objects and views of shared memory.
 *
 * @param what - names the value in errors: `args` gives messages such as "args[0].callback cannot travel …"
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when something in it cannot travel, naming its place and a remedy.
 * @example
 * const { bytes, modules } = encode({ at: new Date(), scale: Math.PI });
 */
export function encode(value: unknown, what = 'the value'): Encoded {
  const encoder = encoders.pop() ?? new Encoder();
  try {
    const modules = encoder.message(value, what);
    // Small ones come from Node's pool: a buffer of its own for each message would cost more than the message.
    const bytes = Buffer.allocUnsafe(encoder.position);
    encoder.bytes.copy(bytes, 0, 0, encoder.position);
    return { bytes, modules };
  } finally {
    encoders.push(encoder);
  }
}

/**
 * Encodes without the copy: `use` gets the encoder's own buffer, which is overwritten once `use` has returned.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) like `encode`.
 */
export function encodeWith<R>(value: unknown, what: string, use: (bytes: Buffer, modules: string[]) => R): R {
  // Taken out of the pool while it works: what is being encoded may itself encode something.
  const encoder = encoders.pop() ?? new Encoder();
  try {
    const modules = encoder.message(value, what);
    return use(encoder.bytes.subarray(0, encoder.position), modules);
  } finally {
    encoders.push(encoder);
  }
}

/**
 * Makes a value of the bytes of `encode`. Code is never run by it, except for the `attach` and `decode` functions that
 * this process registered: what a message refers to must have been imported before.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when the bytes are damaged, or refer to what is not there.
 */
export function decode(bytes: Uint8Array): unknown {
  const decoder = decoders.pop() ?? new Decoder();
  try {
    return decoder.message(bytes);
  } finally {
    decoders.push(decoder);
  }
}

/** The modules that a message refers to, from its bytes alone. */
export function modulesOf(bytes: Uint8Array): readonly string[] {
  return new Decoder().open(bytes);
}
