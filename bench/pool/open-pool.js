// @ts-check
/**
 * A task that every worker knows: a function of bench/pool/tasks.js.
 * @typedef {(argument: any) => any} Task
 */
/**
 * Ours or another library's, as the measurements use it.
 * @typedef {object} OpenPool
 * @property {(task: Task, argument: any) => PromiseLike<any>} run
 * @property {(task: Task, items: readonly any[], chunkSize?: number) => PromiseLike<any[]>} [map] the library's own; its own choice of the
 *   chunk size where none is given
 * @property {(task: Task, items: readonly any[], chunkSize: number) => AsyncIterable<any>} [imapUnordered]
 * @property {() => unknown} close
 */
/** @typedef {(workers: number, variant: string) => OpenPool} Opener */

/** The library and, after a hyphen, a variant of its use that its module knows. */
export const POOLS = /** @type {const} */ ([
  'forkless',
  'forkless-apply',
  'piscina',
  'piscina-64',
  'tinypool-threads',
  'tinypool-processes',
  'tinypool-advanced',
  'workerpool-threads',
  'workerpool-processes',
  'workerpool-advanced',
  'poolifier-threads',
  'poolifier-cluster',
  'poolifier-advanced',
  'multiprocessing',
]);

/** @typedef {typeof POOLS[number]} PoolName */

/**
 * @param {string} name
 * @param {number} [workers]
 * @returns {Promise<OpenPool>}
 */
export async function openPool(name, workers = 2) {
  return (await poolOpener(name))(workers);
}

/**
 * Loads the library, so that opening a pool can be timed without.
 * @param {string} name
 * @returns {Promise<(workers: number) => OpenPool>}
 */
export async function poolOpener(name) {
  if (!POOLS.some((known) => known === name)) throw new RangeError(`${name} is none of ${POOLS.join(', ')}`);
  const library = libraryOf(name);
  const file = library === 'forkless' ? './forkless.js' : `../peers/pools/${library}.js`;
  /** @type {{ open: Opener }} */
  const { open } = await import(new URL(file, import.meta.url).href);
  return (workers) => open(workers, name.slice(library.length + 1));
}

/** @param {string} name of a pool */
export function libraryOf(name) {
  return /** @type {string} */ (name.split('-', 1)[0]);
}
