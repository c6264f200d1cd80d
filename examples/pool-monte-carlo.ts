// π by chance: each worker writes its share of the points into one shared array, and nothing is copied.
//
//   pool-monte-carlo.ts [points]
import { cpuCount, Pool, RawArray } from 'forkless';

const points = Number(process.argv[2] ?? 4_000_000);
const parts = cpuCount() * 4;
const inside = RawArray('d', parts);

function throwDarts(part: number): void {
  // A generator of its own for each part, so that every run gives the same (xorshift32).
  let state = part + 1;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) random();
  let hits = 0;
  for (let i = 0; i < points / parts; i++) if (random() ** 2 + random() ** 2 <= 1) hits += 1;
  inside[part] = hits;
}

await using pool = new Pool();
await pool.map(
  throwDarts,
  Array.from({ length: parts }, (_, part) => part),
);
console.log(((4 * inside.reduce((sum, hits) => sum + hits, 0)) / points).toFixed(2));
