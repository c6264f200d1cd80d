import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,js}'],
    pool: 'forks',
    // Most tests wait for processes: two files at once take little more than half the time of one after the other.
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/no-looks-unasked.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 30_000,
    // The package and the modules that child processes import are loaded by Node itself, as a user's program would.
    server: { deps: { external: [/\/dist\//, /\/test\/fixtures\/.*\.[cm]?js$/] } },
  },
});
