import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Fixtures are loaded by Node itself: a module that vitest evaluates is none that another process could import.
    server: { deps: { external: [/\/test\/fixtures\//] } },
  },
});
