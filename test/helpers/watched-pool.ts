import { Pool } from 'forkless';
import { afterEach } from 'vitest';

import type { PoolOptions } from '../../dist/index.js';

/** Pools that end with their test, whatever becomes of it. */
export function pools(): (options?: number | PoolOptions) => Pool {
  const open: Pool[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((pool) => pool[Symbol.asyncDispose]()));
  });
  return (options = 2) => {
    const pool = new Pool(options);
    open.push(pool);
    return pool;
  };
}
