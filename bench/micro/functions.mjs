// What it costs to send functions: the first one of a process, then best of several interleaved rounds, in microseconds.
// Needs `npm run build:ts`.
import { sum } from './functions-exported.mjs';

const start = performance.now();
const { encode, decode } = await import('../../dist/reduction/codec.js');
const loaded = performance.now();

const factor = { by: 3 };
const plain = (x) => x * 2;
const scale = (x) => x * factor.by;
const both = (x) => scale(x) + plain(x);
const first = performance.now();
encode(scale);
const firstMs = performance.now() - first;

const bytes = Object.fromEntries(Object.entries({ plain, scale, both }).map(([name, fn]) => [name, encode(fn).bytes]));
let sink;
const cases = {
  'encode, by reference': () => (sink = encode(sum)),
  'encode, by value, no variables': () => (sink = encode(plain)),
  'encode, by value, one variable': () => (sink = encode(scale)),
  'encode, by value, three functions': () => (sink = encode(both)),
  'encode, by value, a new closure each time': () => (sink = encode((x) => x + factor.by)),
  'decode, no variables': () => (sink = decode(bytes.plain, { code: true })),
  'decode, one variable': () => (sink = decode(bytes.scale, { code: true })),
  'decode, three functions': () => (sink = decode(bytes.both, { code: true })),
};
const ROUNDS = 7;
const CALLS = 100;
const best = Object.fromEntries(Object.keys(cases).map((name) => [name, Infinity]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, call] of Object.entries(cases)) {
    const before = performance.now();
    for (let i = 0; i < CALLS; i++) call();
    best[name] = Math.min(best[name], ((performance.now() - before) * 1e3) / CALLS);
  }
}
if (sink === undefined) throw new Error('nothing was measured');
console.log(
  JSON.stringify(
    {
      node: process.version,
      firstCallMs: Number(firstMs.toFixed(1)),
      loadMs: Number((loaded - start).toFixed(1)),
      microseconds: Object.fromEntries(Object.entries(best).map(([name, us]) => [name, Number(us.toFixed(1))])),
    },
    null,
    2,
  ),
);
