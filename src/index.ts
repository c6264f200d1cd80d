export * from './api.ts';
export { Process } from './process/process.ts';
export { Pool } from './pool/pool.ts';
export { getContext } from './context.ts';
export type { Context } from './context.ts';
export { getAllStartMethods, getStartMethod, setStartMethod } from './process/settled-method.ts';
export type { StartMethodOptions } from './process/settled-method.ts';
export type { StartMethod } from './process/start-method.ts';
