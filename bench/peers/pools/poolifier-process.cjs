// @ts-check
// The tasks of bench/pool/tasks.js once more: a module of ES syntax loads too late to receive the first messages of the
// pool on Node 20, which waits for their answers for ever, and CommonJS cannot load one.
const { ClusterWorker } = require('poolifier');

new ClusterWorker({
  increment: (/** @type {number} */ x) => x + 1,
  giveBack: (/** @type {unknown} */ thing) => thing,
  fail: (/** @type {string} */ how) => {
    if (how === 'exit') process.exit(1);
    if (how === 'kill') process.kill(process.pid, 'SIGKILL');
    throw new Error('the task has failed');
  },
});
