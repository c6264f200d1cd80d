import { createRequire } from 'node:module';
import type { Readable, Writable } from 'node:stream';

/** Our ends of a child's pipes, with `stdio: 'pipe'`. */
export interface StdioStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export const NO_STREAMS: StdioStreams = { stdin: null, stdout: null, stderr: null };

/** Streams over the descriptors that a spawn with pipes gave. */
export function openStdioStreams([stdin, stdout, stderr]: readonly [number, number, number]): StdioStreams {
  if (stdin < 0) return NO_STREAMS;
  // Loaded here: most processes have no pipes, and a child's start is to be short.
  const { Socket } = createRequire(import.meta.url)('node:net') as typeof import('node:net');
  return {
    stdin: new Socket({ fd: stdin, readable: false, writable: true }),
    stdout: new Socket({ fd: stdout, readable: true, writable: false }),
    stderr: new Socket({ fd: stderr, readable: true, writable: false }),
  };
}

/** What is still unread is lost. */
export function closeStdioStreams({ stdin, stdout, stderr }: StdioStreams): void {
  for (const stream of [stdin, stdout, stderr]) stream?.destroy();
}
