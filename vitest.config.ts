import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** What takes minutes begins first, so that nothing is left to wait for it alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const takesMinutes = ({ moduleId }: TestSpecification): boolean => moduleId.includes('torture-sync');
    return [...sorted.filter(takesMinutes), ...sorted.filter((file) => !takesMinutes(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,js}'],
    pool: 'forks',
    // Most tests wait for processes: two files at once take little more than half the time of one after the other.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/no-looks-unasked.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 30_000,
    // The package and the modules that child processes import are loaded by Node itself, as a user's program would.
    server: { deps: { external: [/\/dist\//, /\/test\/fixtures\/.*\.[cm]?js$/] } },
  },
});
