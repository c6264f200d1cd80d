// Encode and decode of small messages: the best of several interleaved rounds, in nanoseconds. Needs `npm run build:ts`.
// With msgpackr too where that can be imported; it is no dependency.
import v8 from 'node:v8';
import { decode, decodeFrom, encode, encodeInto, encodeWithV8 } from '../../dist/reduction/codec.js';

const item = (i) => ({ id: i, name: `item-${i}`, value: i * 0.5, ok: true });
const SHAPES = [
  item,
  (i) => ({ id: i, name: `n${i}` }),
  (i) => ({ type: 'a', x: i, y: i * 0.5 }),
  (i) => ({ ok: true, error: null, job: i }),
  (i) => ({ a: i, b: i, c: i, d: i, e: 's' }),
  (i) => ({ key: `k${i}`, value: i }),
  (i) => ({ id: i, kind: 'z', n: 1.5 }),
  (i) => ({ t: i }),
];
const MESSAGES = {
  number: (i) => i,
  double: (i) => i + 0.5,
  'short text': (i) => `item-${i}`,
  "[1, 'x']": (i) => [i, 'x'],
  '4 properties': item,
  'nested, 2 arrays': (i) => ({ type: 'job', job: { id: i, args: [i, 'x'] }, tags: ['a', 'b'] }),
  '8 shapes in turn': (i) => SHAPES[i % SHAPES.length](i),
  'keys never seen before': (i) => ({ [`key ${Math.random()}`]: i }),
  'text of 100': (i) => `item-${i}`.padEnd(100, '-'),
  '32 numbers': (i) => Array.from({ length: 32 }, (_, k) => k * i),
  '20 objects': (i) => Array.from({ length: 20 }, (_, k) => ({ x: k, y: i })),
  'a Date (not small)': (i) => ({ at: new Date(i) }),
};

const msgpackr = await import('msgpackr').catch(() => undefined);
const packr = msgpackr && new msgpackr.Packr({ useRecords: false, mapsAsObjects: true });
const PACK_MODE = msgpackr && msgpackr.REUSE_BUFFER_MODE | msgpackr.RESET_BUFFER_MODE;
const range = { start: 0, end: 0 };
const unpack = (bytes) => {
  range.end = bytes.length;
  return packr.unpack(bytes, range);
};
const text = Buffer.alloc(65_536);
const decodeHere = (bytes) => decodeFrom(bytes, 0, bytes.length);
/** name → [encode in place, bytes to keep, decode] */
const CODECS = {
  'in place': [(value) => encodeInto(value).end, (value) => encode(value).bytes, decodeHere],
  'with a copy': [(value) => encode(value).bytes.length, (value) => encode(value).bytes, decode],
  'in V8 format': [(value) => encodeWithV8(value, '').bytes.length, (value) => encodeWithV8(value, '').bytes, decode],
  'v8.serialize': [(value) => v8.serialize(value).length, v8.serialize, v8.deserialize],
  // Without the care for what JSON does not carry.
  JSON: [
    (value) => text.write(JSON.stringify(value), 'utf8'),
    (value) => Buffer.from(JSON.stringify(value)),
    (bytes) => JSON.parse(bytes.toString('utf8', 0, bytes.length)),
  ],
  // Without the scan for what msgpackr does not carry.
  ...(packr && {
    msgpackr: [(value) => packr.pack(value, PACK_MODE).end, (value) => packr.pack(value).slice(), unpack],
  }),
};

const ROUNDS = 7;
const CALLS = 20_000;
const VALUES = 1024;
let sink;
function nanoseconds(call, inputs) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS; i++) sink = call(inputs[i % VALUES]);
  return Number(process.hrtime.bigint() - start) / CALLS;
}

const cases = Object.entries(MESSAGES).map(([message, make]) => {
  const values = Array.from({ length: VALUES }, (_, i) => make(i + 12_345));
  const codecs = Object.entries(CODECS).map(([codec, [write, keep, read]]) => ({
    codec,
    write,
    read,
    bytes: values.map((value) => keep(value)),
    best: [Infinity, Infinity],
  }));
  return { message, values, codecs };
});
for (let round = 0; round < ROUNDS; round++) {
  for (const { values, codecs } of cases) {
    for (const { write, read, bytes, best } of codecs) {
      best[0] = Math.min(best[0], nanoseconds(write, values));
      best[1] = Math.min(best[1], nanoseconds(read, bytes));
    }
  }
}
if (sink === undefined) throw new Error('nothing was measured');
const results = cases.map(({ message, codecs }) => [
  message,
  Object.fromEntries(
    codecs.map(({ codec, best }) => [codec, { encode: Math.round(best[0]), decode: Math.round(best[1]) }]),
  ),
]);
console.log(JSON.stringify({ node: process.version, nanoseconds: Object.fromEntries(results) }, null, 2));
