// The main job: `npm run demo [-- path]`.
//
// 1. Streams a file (by default the running Node binary) as samples through a FloatChannel to another process, which
//    computes running statistics and a SHA-512 in place; both are checked against a direct computation.
// 2. The tutorial's produce/consume test: 1000 messages of 100 000 doubles, copied and in place, and the round trip of
//    a small message, beside the tutorial's own Python program where there is a python3.
import { open, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { FloatChannel, isMainProcess, Process, RawArray } from 'forkless';

import { openProgress } from './progress.js';
import { measureTutorial } from './python.js';
import { computeDirectly, consumeSamples, DIGEST_BYTES, STATISTICS } from './samples.js';
import { MESSAGES, produceConsume, roundTrips } from './tutorial.js';

const SAMPLES_PER_MESSAGE = 1 << 20;

async function streamFile(path) {
  const { size } = await stat(path);
  const channel = new FloatChannel(SAMPLES_PER_MESSAGE, { type: 'uint8', slots: 8 });
  const statistics = RawArray('d', STATISTICS.length);
  const digest = RawArray('uint8', DIGEST_BYTES);
  const consumer = new Process({ daemon: true, target: consumeSamples, args: [channel, statistics, digest] }).start();
  // Nobody would make room any more: ends a wait for it with ClosedError.
  void consumer.exited.then(() => channel.close());

  const progress = openProgress(`${path} (${(size / 1e6).toFixed(1)} MB)`, size, 'bytes');
  const start = performance.now();
  const file = await open(path);
  for (let sent = 0; ;) {
    // The file system writes into shared memory itself: no copy on the way to the other process.
    const view = await channel.reserve();
    const { bytesRead } = await file.read(view, 0, view.length);
    if (bytesRead === 0) break;
    channel.commit(bytesRead);
    progress.update((sent += bytesRead));
  }
  await file.close();
  channel.close();
  await consumer.join();
  const seconds = (performance.now() - start) / 1000;
  progress.stop();
  if (consumer.exitCode !== 0) throw new Error(`The consumer ended with exit code ${consumer.exitCode}`);

  const direct = await computeDirectly(path);
  const agrees = direct.statistics.every((value, i) => value === statistics[i]) && direct.digest.equals(digest);
  console.log(`Streamed ${size} samples in ${seconds.toFixed(2)} s to process ${consumer.pid}`);
  STATISTICS.forEach((name, i) => console.log(`  ${name.padEnd(18)} ${statistics[i]}`));
  console.log(`  SHA-512            ${Buffer.from(digest).toString('hex').slice(0, 32)}...`);
  console.log(`  direct computation ${agrees ? 'agrees' : 'DISAGREES'}`);
  if (!agrees) process.exitCode = 1;
}

async function tutorialTest() {
  const rows = [];
  for (const mode of ['copy', 'zero-copy']) {
    const progress = openProgress(`${MESSAGES} messages of 100 000 doubles, ${mode}`, MESSAGES, 'messages');
    const result = await produceConsume(mode, (messages) => progress.update(messages));
    progress.stop();
    rows.push({ program: `forkless, ${mode}`, ...result });
  }
  const trips = await roundTrips();
  rows.push({ program: 'forkless, one double', ...trips });
  const python = await measureTutorial();
  if (python === undefined) console.log('No python3 here: the tutorial program is not measured beside ours.');
  else rows.push(...python);
  printTable(rows);
}

function printTable(rows) {
  const columns = { 'GB/s': 'gigabytes', 'messages/s': 'messages', 'round trip p50 us': 'p50', 'p99 us': 'p99' };
  const shown = rows.map((row) => [
    row.program,
    ...Object.values(columns).map((key) =>
      row[key] === undefined ? '-' : row[key].toFixed(key === 'messages' ? 0 : 2),
    ),
  ]);
  const lines = [['', ...Object.keys(columns)], ...shown];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  console.log();
  for (const line of lines)
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '));
}

if (isMainProcess) {
  const { positionals } = parseArgs({ allowPositionals: true });
  await streamFile(positionals[0] ?? process.execPath);
  await tutorialTest();
}
