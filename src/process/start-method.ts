/** How a process is started: anew, ahead of its use, or as a thread of this process. */
export type StartMethod = 'spawn' | 'prewarm' | 'threads';

/** All of them, the default first. */
export const START_METHODS: readonly StartMethod[] = ['spawn', 'prewarm', 'threads'];

export const DEFAULT_START_METHOD: StartMethod = 'spawn';

/** @throws TypeError that names those there are. */
export function checkStartMethod(method: unknown, where: string): asserts method is StartMethod {
  if (START_METHODS.includes(method as StartMethod)) return;
  const known = START_METHODS.map((name) => `'${name}'`).join(', ');
  const given = typeof method === 'string' ? `'${method}'` : String(method);
  throw new TypeError(`${where}: there is no start method ${given}, but ${known}.`);
}
