// @ts-check
// What each pool does when a task throws, when its worker exits and when it is killed, as a table of Markdown.
//
//   --only=text          only the pools whose name has this in it
//
//   rejects             the task rejects, and the pool goes on with others
//   hangs               nothing within 5 s
//   kills the program   the process that owns the pool ends
//   rejects, then …     the task rejects, but further ones hang, reject (refuses) or end the program
import { readOptions } from '../harness/options.js';
import { endGroup, endGroupOnSignals, startGroup } from '../harness/process-group.js';
import { resolveProgram } from '../harness/programs.js';
import { libraryOf } from './open-pool.js';

/** @typedef {import('../harness/programs.js').Program} Program */

const PATIENCE_MS = 5000;
/** What it said last may come after the news of its end. */
const DRAINING_MS = 100;
const HOWS = ['throw', 'exit', 'kill'];
const HEADINGS = ['pool', 'a task throws', 'its worker exits', 'its worker is SIGKILLed'];

/** @type {readonly (readonly [string, string])[]} */
const POOLS = [
  ['forkless', 'forkless'],
  ['piscina', 'piscina'],
  ['tinypool, threads', 'tinypool-threads'],
  ['tinypool, processes', 'tinypool-processes'],
  ['workerpool, threads', 'workerpool-threads'],
  ['workerpool, processes', 'workerpool-processes'],
  ['poolifier, threads', 'poolifier-threads'],
  ['poolifier, cluster', 'poolifier-cluster'],
  ['multiprocessing (npm)', 'multiprocessing'],
];
const PYTHON_POOLS = ['Pool', 'ProcessPoolExecutor'];

endGroupOnSignals();
const { only } = readOptions({ only: '' });
console.log(row(HEADINGS));
console.log(row(HEADINGS.map(() => '---')));
for (const [label, programs] of subjects().filter(([label]) => label.includes(only))) {
  const cells = [];
  for (const program of programs) cells.push(await observe(program));
  console.log(row([label, ...cells]));
}

/** @returns {[string, Program[]][]} */
function subjects() {
  return [
    ...POOLS.map(([label, pool]) => subject(label, (how) => nodeProgram(pool, how))),
    ...PYTHON_POOLS.map((of) => subject(`Python's ${of}`, (how) => pythonProgram(of, how))),
  ];
}

/** @param {string} label @param {(how: string) => Program} program @returns {[string, Program[]]} */
function subject(label, program) {
  return [label, HOWS.map(program)];
}

/** @param {string} pool @param {string} how @returns {Program} */
function nodeProgram(pool, how) {
  const library = libraryOf(pool);
  const args = [`--pool=${pool}`, `--how=${how}`];
  return { kind: 'node', file: 'pool/failure.js', args, ...(library !== 'forkless' && { package: library }) };
}

/** @param {string} of @param {string} how @returns {Program} */
function pythonProgram(of, how) {
  return { kind: 'python', file: 'python/pool_failure.py', args: [`--of=${of}`, `--how=${how}`] };
}

/** @param {Program} program */
async function observe(program) {
  const runnable = resolveProgram(program);
  if ('missing' in runnable) return 'not measured';
  const child = startGroup(runnable.command, runnable.args);
  child.stderr.resume();
  let output = '';
  const ending = await new Promise((resolve, reject) => {
    const watchdog = setTimeout(resolve, PATIENCE_MS, 'hangs');
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      watchdog.refresh();
    });
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(watchdog);
      setTimeout(resolve, DRAINING_MS, 'kills the program');
    });
  });
  endGroup();
  return verdict(output.split('\n').slice(0, -1), ending);
}

/** @param {readonly string[]} lines @param {string} ending */
function verdict([ready, settled, afterwards], ending) {
  if (ready !== 'ready') return 'does not start';
  if (settled === undefined) return ending;
  return afterwards === 'goes on' ? settled : `${settled}, then ${afterwards ?? ending}`;
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.join(' | ')} |`;
}
