// npm run torture -- channel|pipe|pool|queue|sync [--seconds N] [--kills N] [--parties N] [--seed N] [--json]
import { parseArgs } from 'node:util';

import { tortureChannel } from './torture/channel.js';
import { torturePipe } from './torture/pipe.js';
import { torturePool } from './torture/pool.js';
import { tortureQueue } from './torture/queue.js';
import { tortureSync } from './torture/sync.js';

const TORTURES = {
  channel: tortureChannel,
  pipe: torturePipe,
  pool: torturePool,
  queue: tortureQueue,
  sync: tortureSync,
};
const MUST_BE_ZERO = [
  ...['hangs', 'corrupt', 'duplicates', 'phantoms', 'lost', 'disorder', 'endsMissing'],
  ...['violations', 'permitsLost', 'faults', 'holdsLeaked', 'bytesLeaked', 'filesLeft'],
  ...['untrue', 'workersLeft'],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    kills: { type: 'string' },
    parties: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const torture = TORTURES[positionals[0] ?? 'channel'];
if (torture === undefined)
  throw new Error(`There is no torture "${positionals[0]}"; there are: ${Object.keys(TORTURES).join(', ')}`);

const { json, ...numbers } = values;
const options = Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, Number(value)]));
const account = await torture(options);
if (json) console.log(JSON.stringify(account));
else console.table(Object.fromEntries(Object.entries(account).map(([key, value]) => [key, { value }])));
const wrong = MUST_BE_ZERO.filter((key) => (account[key] ?? 0) !== 0);
if (wrong.length > 0) {
  console.error(`Not as promised: ${wrong.map((key) => `${key} ${account[key]}`).join(', ')}`);
  process.exitCode = 1;
}
