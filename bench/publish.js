// @ts-check
// Keeps the figures of a run for readers, in docs/benchmarks/ and in README.md.
//
//   node bench/publish.js bench/results/<suite>-<time>.json
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { replaceTable } from './harness/markdown.js';

const README = new URL('../README.md', import.meta.url);
const FOLDER = new URL('../docs/benchmarks/', import.meta.url);

const [file] = process.argv.slice(2);
if (file === undefined) throw new TypeError('usage: node bench/publish.js bench/results/<suite>-<time>.json');
const { suite, startedAt, rounds, machine, rows } = JSON.parse(readFileSync(file, 'utf8'));
const [kernel] = machine.kernel.split('-');
const published = { suite, startedAt, rounds, machine: { ...machine, kernel }, rows };
mkdirSync(FOLDER, { recursive: true });
writeFileSync(new URL(`${suite}.json`, FOLDER), `${JSON.stringify(published, null, 2)}\n`);
writeFileSync(README, replaceTable(readFileSync(README, 'utf8'), published));
