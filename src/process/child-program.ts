import { fileURLToPath } from 'node:url';

/** What every child runs, whatever the start method. */
export const CHILD_PROGRAM: string = fileURLToPath(new URL('../entry/child.cjs', import.meta.url));
