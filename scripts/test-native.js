// Builds the native tests and runs each of them under ThreadSanitizer and under AddressSanitizer + UBSan. The second
// build has the places at which a process can be told to die, and with them crash_test and torture_test; there tests also fork.
//
//   FORKLESS_TORTURE_SECONDS=60 node scripts/test-native.js torture   # random kills for longer than 5 s
//
//   node scripts/test-native.js [part of a test's name]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TEST_TIMEOUT_MS = 300_000 + 1_000 * Number(process.env.FORKLESS_TORTURE_SECONDS ?? 0);
const BUILDS = [
  { sanitizer: 'thread', killPoints: false },
  { sanitizer: 'address,undefined', killPoints: true },
];
const NEED_KILL_POINTS = ['crash_test', 'torture_test'];

const SANITIZER_OPTIONS = {
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
  ASAN_OPTIONS: 'halt_on_error=1:detect_stack_use_after_return=1',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
};

const exists = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

function requireTools() {
  const compiler = process.env.CXX ?? 'g++';
  const missing = ['cmake', compiler].filter((command) => !exists(command));
  if (!exists('ninja') && !exists('make')) missing.push('make');
  if (missing.length === 0) return;
  console.error(
    `native: cannot build the tests, because ${missing.join(' and ')} did not start. ` +
      'Install them, on Debian and Ubuntu with: apt-get install g++ make cmake',
  );
  process.exit(1);
}

function runOrExit(command, args) {
  const { status, signal, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  if (status === 0) {
    if (output.includes('warning:')) process.stderr.write(output);
    return;
  }
  process.stderr.write(`${output}native: failed (${signal ?? status}): ${command} ${args.join(' ')}\n`);
  process.exit(1);
}

function build({ sanitizer, killPoints }) {
  const directory = join('build', `native-${sanitizer.replace(',', '-')}`);
  const configured = existsSync(join(ROOT, directory, 'CMakeCache.txt'));
  const generator = !configured && exists('ninja') ? ['-G', 'Ninja'] : [];
  runOrExit('cmake', [
    '-S',
    'native',
    '-B',
    directory,
    `-DSANITIZER=${sanitizer}`,
    `-DKILL_POINTS=${killPoints ? 'ON' : 'OFF'}`,
    ...generator,
  ]);
  runOrExit('cmake', ['--build', directory, '--parallel', String(availableParallelism())]);
  return join(ROOT, directory);
}

function execute(command, args) {
  return spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...SANITIZER_OPTIONS },
    timeout: TEST_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Kernels with much address space randomization put mappings where the TSan of older compilers cannot have them. */
function runTest(file) {
  const result = execute(file, []);
  const unlucky = result.status !== 0 && /ThreadSanitizer: unexpected memory mapping/.test(result.stderr);
  return unlucky ? execute('setarch', ['-R', file]) : result;
}

function describeEnd({ status, signal, error }) {
  if (error?.code === 'ETIMEDOUT') return `did not end within ${TEST_TIMEOUT_MS / 1000} s`;
  if (error !== undefined && error !== null) return error.message;
  return signal === null ? `exit status ${status}` : `ended by ${signal}`;
}

const filter = process.argv[2] ?? '';
const tests = readdirSync(join(ROOT, 'native/test'))
  .filter((file) => file.endsWith('_test.cc') && file.includes(filter))
  .map((file) => file.slice(0, -'.cc'.length));
if (tests.length === 0) {
  console.error(`native: no native/test/*_test.cc matches '${filter}'`);
  process.exit(1);
}
requireTools();

let passed = 0;
let failed = 0;
for (const variant of BUILDS) {
  const { sanitizer, killPoints } = variant;
  const directory = build(variant);
  for (const test of tests) {
    if (!killPoints && NEED_KILL_POINTS.includes(test)) continue;
    const started = performance.now();
    const result = runTest(join(directory, test));
    const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (result.status === 0) {
      passed += 1;
      console.log(`native: ${test} (${sanitizer}) passed, ${took}`);
      process.stdout.write(result.stdout);
    } else {
      failed += 1;
      console.log(`native: ${test} (${sanitizer}) FAILED, ${took}: ${describeEnd(result)}`);
      process.stdout.write(`${result.stdout}${result.stderr}`);
    }
  }
}
console.log(`native: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
