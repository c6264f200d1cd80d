// @ts-check
// Runs a suite of measurements and compares them with their marks.
//
//   npm run bench -- [suite] [--rounds=5] [--only=text]        suites: the files of bench/suites, default core
//
// Every measurement is a program of its own, run as a process of its own, ours and its peers in turn, round after round.
// It prints, as the last line of its standard output, one JSON object:
//
//   { "name": "…", "unit": "GB/s", "value": 10.5, "p50": …, "p99": … }
//
//   name   what was measured, for the reader of the results
//   unit   the unit that the suite names for it: GB/s (10⁹ bytes), ns, us, ms, ms/s, or /s (operations
//          a second; the table writes k/s and M/s)
//   value  the figure that is compared: of a throughput the median over rounds inside the program after a warm-up, of a
//          duration the median (p50)
//   p50, p99, and any further fields are kept in the results file
//
// and ends with status 0. Any other status, no such line, another unit or 300 s without an end is a failed measurement.
// Ours are bench/<suite>/<name>.js with the options that bench/suites/<suite>.js names; `bench/harness` helps with reading
// options (options.js), batches (batches.js), printing (print-result.js), pinning (pin.js) and growing the process
// (resident.js).
//
// A missed mark is printed as MISSED and leaves the exit status at 0; a failed measurement makes it 1.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { evaluate } from './harness/evaluate.js';
import { describeMachine } from './harness/machine.js';
import { readOptions } from './harness/options.js';
import { endGroupOnSignals } from './harness/process-group.js';
import { measureInRounds } from './harness/rounds.js';
import { formatTable } from './harness/table.js';

const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const suite = names[0] ?? 'core';
const { rounds, only } = readOptions({ rounds: 5, only: '' }, flags);

endGroupOnSignals();
const machine = describeMachine();
const startedAt = new Date();
console.log(`${suite} · ${machine.cpu}, ${machine.cores} cores · ${machine.kernel} · Node ${machine.node}`);

if (!existsSync(new URL(`./suites/${suite}.js`, import.meta.url)))
  throw new RangeError(`bench/suites has no ${suite}.js`);
/** @type {{ measurements: readonly import('./harness/rounds.js').Measurement[] }} */
const { measurements } = await import(new URL(`./suites/${suite}.js`, import.meta.url).href);
const measured = [];
for (const measurement of measurements.filter(({ name }) => name.includes(only))) {
  measured.push(await measureInRounds(measurement, rounds, showProgress));
}
showProgress('');

const rows = measured.flatMap(evaluate);
console.log(`\n${formatTable(rows)}\n`);

const failures = measured.flatMap(({ ours, peers }) => [ours, ...peers]).filter((series) => series.failures.length > 0);
for (const { program, failures: messages } of failures) {
  console.log(`FAILED ${program.file} ${(program.args ?? []).join(' ')}: ${messages[0]}`);
}
const count = (/** @type {boolean | null} */ met) => rows.filter((row) => row.mark !== null && row.met === met).length;
console.log(
  `marks: ${count(true)} met, ${count(false)} MISSED, ${count(null)} not measured; failed measurements: ${failures.length}`,
);

mkdirSync(RESULTS, { recursive: true });
const file = `${RESULTS}${suite}-${startedAt.toISOString().replaceAll(':', '-').replace(/\.\d+/, '')}.json`;
const report = { suite, startedAt, finishedAt: new Date(), rounds, machine, rows, measured };
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`results: ${relative(process.cwd(), file)}`);
if (failures.length > 0) process.exitCode = 1;

/** @param {string} label */
function showProgress(label) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${label}`);
}
