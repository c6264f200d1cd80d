import type { ByteWriter } from './byte-writer.ts';
import type { ValuePath } from './value-path.ts';

/** What the writers of the several types need of the encoder. */
export interface ValueWriter extends Pick<ByteWriter, 'byte' | 'varint' | 'float64' | 'raw' | 'text'> {
  readonly path: ValuePath;
  write(value: unknown): void;
  plain(value: object): void;
  properties(value: object, keys: readonly string[]): void;
  elements(value: readonly unknown[], length: number): void;
  unfinished(data: unknown): void;
  module(url: string): number;
  skipNumber(): void;
  hasSeen(value: unknown): boolean;
  fail(reason: string, cause?: unknown): never;
}

/** Writes an object of one type, tag included. */
export type Strategy = (writer: ValueWriter, value: object) => void;
