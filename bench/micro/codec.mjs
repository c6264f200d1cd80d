// Encode and decode of a small object: best of several interleaved rounds, in nanoseconds. Needs `npm run build:ts`.
import v8 from 'node:v8';
import { decode, encode, encodeWith } from '../../dist/reduction/codec.js';

const make = (i) => ({ id: i, name: 'task', x: 1.5, ok: true, tags: ['a', 'b'] });
const ours = encode(make(5)).bytes;
const v8Bytes = v8.serialize(make(5));
const text = JSON.stringify(make(5));
let sink;
const use = (bytes) => (sink = bytes.length);
const cases = {
  encode: (i) => (sink = encode(make(i))),
  'encodeWith (no copy)': (i) => encodeWith(make(i), 'the value', use),
  decode: () => (sink = decode(ours)),
  'v8.serialize': (i) => (sink = v8.serialize(make(i))),
  'v8.deserialize': () => (sink = v8.deserialize(v8Bytes)),
  'JSON.stringify': (i) => (sink = JSON.stringify(make(i))),
  'JSON.parse': () => (sink = JSON.parse(text)),
};
const ROUNDS = 15;
const CALLS = 30_000;
const best = Object.fromEntries(Object.keys(cases).map((name) => [name, Infinity]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, call] of Object.entries(cases)) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) call(i);
    best[name] = Math.min(best[name], ((performance.now() - start) * 1e6) / CALLS);
  }
}
if (sink === undefined) throw new Error('nothing was measured');
console.log(
  JSON.stringify(
    {
      node: process.version,
      nanoseconds: Object.fromEntries(Object.entries(best).map(([name, ns]) => [name, Math.round(ns)])),
    },
    null,
    2,
  ),
);
