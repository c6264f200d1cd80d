// npm run conformance: CPython's tests, ported to test/conformance/, class by class.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How many tests of CPython's classes make sense here. */
const APPLICABLE = {
  _TestProcess: 19,
  _TestSubclassingProcess: 3,
  _TestAtExit: 1,
  _TestPollEintr: 1,
  TestNoForkBomb: 1,
  TestCloseFds: 1,
  TestFlags: 1,
  TestStdinBadfiledescriptor: 2,
  TestStartMethod: 5,
  _TestQueue: 10,
  TestSimpleQueue: 4,
  _TestLock: 3,
  _TestSemaphore: 3,
  _TestCondition: 7,
  _TestEvent: 2,
  _TestBarrier: 11,
  _TestValue: 3,
  _TestArray: 4,
  _TestSharedCTypes: 3,
  _TestHeap: 2,
  _TestSharedMemory: 16,
  TestResourceTracker: 7,
  TestNamedResource: 1,
  _TestPool: 25,
  _TestPoolWorkerErrors: 2,
  _TestPoolWorkerLifetime: 4,
  TestPoolNotLeakOnFailure: 1,
  TestInitializers: 2,
  MiscTestCase: 1,
  _TestContainers: 8,
  _TestMyManager: 3,
  TestSyncManagerTypes: 15,
  _TestRemoteManager: 1,
  _TestManagerRestart: 1,
  _TestConnection: 8,
  _TestPoll: 4,
  _TestPicklingConnections: 2,
  TestInvalidHandle: 1,
  TestIgnoreEINTR: 2,
  TestWait: 7,
  _TestListener: 4,
  _TestListenerClient: 3,
  TestInvalidFamily: 1,
  OtherTest: 2,
  ChallengeResponseTest: 1,
  _TestFinalize: 1,
  _TestLogging: 3,
  ExecutorTest: 9,
  AsCompletedTests: 5,
  WaitTests: 8,
  FutureTests: 20,
  ExecutorDeadlockTest: 16,
  InitializerMixin: 1,
  FailingInitializerMixin: 1,
  FailingInitializerResourcesTest: 1,
  ProcessPoolExecutorTest: 9,
  ExecutorShutdownTest: 5,
  ProcessPoolShutdownTest: 4,
  ThreadPoolExecutorTest: 4,
  ThreadPoolShutdownTest: 7,
};

/** What a suite that runs on threads has in its title: forkless/dummy, and what is built on it. */
const runsOnThreads = /threads of forkless\/dummy|of threads,|as 'a thread'|\bThreadPoolExecutor\b/;

const answered = /(?:\b\w+\.)?\b_?[A-Z]\w*\.test_\w+/g;

/** Runs the suites; vitest's report of them. */
function runSuites() {
  const folder = mkdtempSync(join(tmpdir(), 'forkless-conformance-'));
  try {
    const outputFile = join(folder, 'report.json');
    const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${outputFile}`];
    spawnSync('npx', ['vitest', 'run', 'test/conformance', ...reporters], { stdio: 'inherit' });
    return JSON.parse(readFileSync(outputFile, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of each of CPython's tests that a title ends with, by class: whether all that answers it passes. Or only of what runs on threads. */
function classesOf(report, { onThreads = false } = {}) {
  const classes = new Map(Object.keys(APPLICABLE).map((name) => [name, new Map()]));
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  for (const { title, fullName, status } of results) {
    if (status === 'skipped' || (onThreads && !runsOnThreads.test(fullName))) continue;
    const [, names = ''] = /\(([^()]*)\)$/.exec(title) ?? [];
    for (const name of names.match(answered) ?? []) {
      const cut = name.lastIndexOf('.');
      const tests = classes.get(name.slice(0, cut)) ?? new Map();
      classes.set(name.slice(0, cut), tests);
      const test = name.slice(cut + 1);
      tests.set(test, (tests.get(test) ?? true) && status === 'passed');
    }
  }
  return classes;
}

const report = runSuites();
const threads = classesOf(report, { onThreads: true });
const table = {};
for (const [name, tests] of classesOf(report)) {
  if (tests.size === 0) continue;
  const passing = [...tests.values()].filter(Boolean).length;
  table[name] = {
    'ported/applicable': `${tests.size}/${APPLICABLE[name] ?? '-'}`,
    passing,
    'on threads': threads.get(name)?.size || '',
  };
}
console.table(table);
const suites = Object.keys(APPLICABLE).length;
const applicable = Object.values(APPLICABLE).reduce((sum, count) => sum + count, 0);
const ported = [...classesOf(report)].reduce((sum, [name, tests]) => sum + (name in APPLICABLE ? tests.size : 0), 0);
console.log(
  `${ported} of ${applicable} in ${suites} classes ported; ${report.numFailedTests} of ${report.numTotalTests} tests fail`,
);
if (!report.success) process.exitCode = 1;
