export * from '../api.ts';
export { ThreadProcess as Process } from '../process/bound-process.ts';
export { ThreadPool as Pool } from '../pool/bound-pool.ts';
export { getAllStartMethods, getContext, getStartMethod, setStartMethod } from './start-method.ts';
export type { Context } from '../context.ts';
export type { StartMethodOptions } from '../process/settled-method.ts';
export type { StartMethod } from '../process/start-method.ts';
