import { checkOptions } from '../support/options.ts';

/** What a child's stdin, stdout and stderr are. */
export type Stdio = 'inherit' | 'ignore' | 'pipe';

const KEYS = ['target', 'args', 'kwargs', 'name', 'daemon', 'group', 'env', 'execArgv', 'cwd', 'stdio'];

/** All but the last: what is left for `args` when `kwargs` is the last argument. */
type Leading<P extends readonly unknown[]> = Required<P> extends readonly [...infer First, unknown] ? First : P;

/** An iterable that is not an array, whose length nobody knows beforehand. */
type OtherIterable<T> = Iterable<T> & { readonly length?: never };

/** What can be given as the arguments of a function with the parameters `P`. */
export type CallArguments<P extends readonly unknown[]> = NoInfer<P | Leading<P> | OtherIterable<P[number]>>;

/** Options of `new Process()`; `P` are the parameters of the target. */
export interface ProcessOptions<P extends readonly unknown[] = readonly unknown[]> {
  /** What the child calls: any function, or `ref()`. What no module exports travels with the variables that it uses. */
  readonly target?: ((...args: P) => unknown) | undefined;
  /** Its arguments: an array or any other iterable. */
  readonly args?: CallArguments<P> | undefined;
  /** Named arguments: an object that the target gets as its last argument. */
  readonly kwargs?: object | undefined;
  /** Default: `Process-N`, and `Process-1:N` for children of `Process-1`. */
  readonly name?: string | undefined;
  /** Ended when its parent ends. Default: that of the parent. */
  readonly daemon?: boolean | undefined;
  /** Reserved, as in Python. */
  readonly group?: null | undefined;
  /** Merged over `process.env`; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Options of Node. Default: those of this process that make sense for another one. */
  readonly execArgv?: readonly string[] | undefined;
  /** Default: that of this process. */
  readonly cwd?: string | undefined;
  /** Default: `'inherit'`. With `'pipe'` the object has `stdin`, `stdout` and `stderr`. */
  readonly stdio?: Stdio | undefined;
}

/** @throws TypeError naming the option that is wrong. */
export function checkProcessOptions(options: ProcessOptions): void {
  const where = 'new Process()';
  checkOptions(options, KEYS, where);
  const wrong = (key: string, expected: string): TypeError => new TypeError(`${where}: ${key} must be ${expected}.`);
  const { target, args, kwargs, name, daemon, group, env, execArgv, cwd, stdio } = options;
  if (group !== undefined && group !== null) throw wrong('group', 'null; it is reserved');
  if (target !== undefined && typeof target !== 'function') throw wrong('target', 'a function');
  if (args !== undefined && !isIterable(args)) throw wrong('args', 'iterable, such as an array of arguments');
  if (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null)) throw wrong('kwargs', 'an object');
  if (name !== undefined) checkName(name, where);
  if (daemon !== undefined) checkDaemon(daemon, where);
  if (env !== undefined && !isEnvironment(env)) throw wrong('env', 'an object of strings');
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every(isText))) {
    throw wrong('execArgv', 'an array of strings');
  }
  if (cwd !== undefined && !isText(cwd)) throw wrong('cwd', 'a string');
  if (stdio !== undefined && !['inherit', 'ignore', 'pipe'].includes(stdio)) {
    throw wrong('stdio', "'inherit', 'ignore' or 'pipe'");
  }
}

/** @throws TypeError */
export function checkName(name: unknown, where: string): asserts name is string {
  if (!isText(name) || name === '') throw new TypeError(`${where}: name must be a string that is not empty.`);
}

/** @throws TypeError */
export function checkDaemon(daemon: unknown, where: string): asserts daemon is boolean {
  if (typeof daemon !== 'boolean') throw new TypeError(`${where}: daemon must be true or false.`);
}

// A zero byte would end the text for the system.
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function isIterable(value: object): boolean {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

function isEnvironment(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(([key, text]) => isText(key) && (text === undefined || isText(text)));
}
