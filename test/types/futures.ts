import { asCompleted, type Future, ProcessPoolExecutor, wait } from 'forkless/futures';

const executor = new ProcessPoolExecutor();
const add = (a: number, b: string): string => `${a}${b}`;
const later = async (x: number): Promise<bigint> => BigInt(x);

export const text: Future<string> = executor.submit(add, 1, 'b');
export const big: Future<bigint> = executor.submit(later, 1);
export const inferred: Future<number> = executor.submit((x) => x * 2, 4);
export const mapped: AsyncIterableIterator<string, undefined> = executor.map(add, [1, 2], new Set(['a']), {
  chunkSize: 2,
});
export const one: AsyncIterableIterator<bigint, undefined> = executor.map(later, [1], { timeout: 5 });
export const blocking: IterableIterator<string, undefined> = executor.mapSync(add, [1], ['a']);

export async function completed(): Promise<string> {
  const { done } = await wait([text]);
  const first: Future<string> | undefined = [...done][0];
  for await (const future of asCompleted([text])) {
    const known: Future<string> = future;
    if (known === first) return future.resultSync();
  }
  return text;
}

// @ts-expect-error: a string is needed
executor.submit(add, 1, 2);
// @ts-expect-error: an argument is missing
executor.submit(add, 1);
// @ts-expect-error: numbers are needed
executor.map(later, ['a']);
// @ts-expect-error: no such option
executor.map(later, [1], { chunksize: 2 });
