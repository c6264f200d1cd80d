import type { ByteReader } from './byte-reader.ts';

/** What the readers of the several types need of the decoder. */
export interface ValueReader extends Pick<
  ByteReader,
  'byte' | 'varint' | 'count' | 'float64' | 'raw' | 'text' | 'key'
> {
  read(): unknown;
  readTagged(tag: number): unknown;
  elements(target: unknown[], length: number): unknown[];
  /** Gives an object its number before its contents are read. */
  begin<T extends object>(object: T): T;
  /** Takes the number of an object that will exist later. */
  reserve(): number;
  /** Tells which object a reserved number means. */
  fulfil(number: number, object: unknown): void;
  /** Gives an object its number although it is made after its contents have been read. */
  late<T>(make: () => T): T;
}
