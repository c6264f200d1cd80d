export { Parallel } from './parallel.ts';
export type { RunResult } from './parallel.ts';
export type { ParallelOptions, ReturnAs } from './parallel-options.ts';
export { delayed } from './delayed.ts';
export type { DelayedCall } from './delayed.ts';
export { registerBackend } from './backends.ts';
export type { BackendFactory, BackendTask, ParallelBackend } from './backends.ts';
export type { BatchResult } from './batch.ts';
