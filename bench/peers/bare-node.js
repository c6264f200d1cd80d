// @ts-check
// A bare `node` run of an empty file, from spawn to exit.
//
//   --file=empty.cjs|empty.mjs --runs=25
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BUILD_FOLDER } from '../limits/build.js';
import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';

const WARM_UP = 3;
const options = readOptions({ file: 'empty.cjs', runs: 25 });
const file = join(BUILD_FOLDER, options.file);
mkdirSync(BUILD_FOLDER, { recursive: true });
writeFileSync(file, '');

const runs = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  const start = performance.now();
  const child = spawn(process.execPath, [file], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  const elapsed = performance.now() - start;
  if (code !== 0) throw new Error(`node ${options.file} ended with ${code}`);
  if (i >= WARM_UP) runs.push(elapsed);
}
printLatency(`node ${options.file}, spawn to exit`, 'ms', runs);
