/*
 * What makes a worker thread a process of its own: its place in shared memory, its output, and its end. child.cts loads it, in a
 * thread only.
 */
import type { Binding } from '../native/binding.ts' with { 'resolution-mode': 'import' };

/**
 * Takes the place that was kept for this thread.
 * @returns its boot record
 */
function becomeProcess(binding: Binding, id: number): Buffer {
  const { record, descriptors } = enter(binding, id);
  noteExit(binding);
  const [stdin, stdout, stderr] = descriptors;
  // What Node gives a worker as its output goes through the event loop of its parent, which may be blocked, and keeps the
  // thread alive until it has passed. A process writes to the descriptor itself, and so does this thread.
  const hasPipes = stdout >= 0;
  writeTo(binding, process.stdout as unknown as Output, hasPipes ? stdout : 1);
  writeTo(binding, process.stderr as unknown as Output, hasPipes ? stderr : 2);
  if (hasPipes) readFrom(binding, stdin);
  return record;
}

function enter(binding: Binding, id: number): ReturnType<Binding['enterThread']> {
  try {
    return binding.enterThread(id);
  } catch (error) {
    // It was ended before it began.
    if ((error as { readonly status?: string }).status === 'gone') process.exit(1);
    throw error;
  }
}

/** The end is published in native code, where nobody can be asked any more. */
function noteExit(binding: Binding): void {
  // Both may get the text of a number.
  process.on('exit', (code: number | string) => binding.noteThreadExit(Number(code), false));
  const { reallyExit } = process as unknown as { reallyExit: (code: number | string) => never };
  Object.defineProperty(process, 'reallyExit', {
    value(code: number | string = 0): never {
      binding.noteThreadExit(Number(code), true);
      return reallyExit.call(process, code);
    },
    configurable: true,
    writable: true,
  });
}

interface Output {
  fd?: number;
  isTTY?: boolean;
  _writev(chunks: readonly Piece[], callback: (error?: Error) => void): void;
}

interface Piece {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding | 'buffer';
}

function writeTo(binding: Binding, output: Output, fd: number): void {
  output._writev = (pieces, callback) => {
    try {
      for (const { chunk, encoding } of pieces) {
        const bytes = typeof chunk === 'string' ? bytesOf(chunk, encoding as BufferEncoding) : chunk;
        for (let at = 0; at < bytes.byteLength;) at += binding.writeSome(fd, bytes.subarray(at));
      }
    } catch (error) {
      return callback(error as Error);
    }
    callback();
  };
  output.fd = fd;
  output.isTTY = binding.isTerminal(fd);
}

function bytesOf(text: string, encoding: BufferEncoding): Uint8Array {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text, encoding));
  return bytes.subarray(0, bytes.write(text, encoding));
}

/** Opened when somebody asks for it: most threads do not. */
function readFrom(binding: Binding, fd: number): void {
  let input: object | undefined;
  const open = (): object => {
    const { Socket } = require('node:net') as typeof import('node:net');
    binding.takeThreadInput();
    return new Socket({ fd, readable: true, writable: false });
  };
  Object.defineProperty(process, 'stdin', { get: () => (input ??= open()), configurable: true, enumerable: true });
}

module.exports = { becomeProcess };
