import { cpuCount } from '../process/cpu-count.ts';
import { checkCount } from '../pool/pool-options.ts';
import { checkOptions, checkWait } from '../support/options.ts';
import { backendNamed } from './backends.ts';
import type { BackendFactory } from './backends.ts';

/** What a run gives: an array, or the results as they come, in the order of the calls or in that of their ends. */
export type ReturnAs = 'list' | 'generator' | 'generator_unordered';

/** Options of `new Parallel()`. */
export interface ParallelOptions<As extends ReturnAs = 'list'> {
  /** Workers: -1 is one for each processor, -2 one less, and so on. Default: -1. */
  readonly nJobs?: number | undefined;
  /** Calls that a worker gets at once. Default: `'auto'`, so many that they take some tenths of a second, as measured. */
  readonly batchSize?: number | 'auto' | undefined;
  /** Tells on stderr how far it is: 1 at the end and once a second, 10 after each batch. Default: 0, nothing. */
  readonly verbose?: number | undefined;
  /** Default: `'list'`. */
  readonly returnAs?: As | undefined;
  /** `'processes'`, `'threads'`, `'sequential'` or what `registerBackend` has named. Default: `'processes'`. */
  readonly backend?: string | undefined;
  /** In ms, how long the next result may take to come: then the workers are terminated. Default: for ever. */
  readonly timeout?: number | undefined;
}

export interface ParallelSettings {
  readonly nJobs: number;
  readonly batchSize: number | 'auto';
  readonly verbose: number;
  readonly returnAs: ReturnAs;
  readonly makeBackend: BackendFactory;
  readonly timeout: number;
}

const WHERE = 'new Parallel()';
const KEYS = ['nJobs', 'batchSize', 'verbose', 'returnAs', 'backend', 'timeout'];
const RETURN_AS: readonly unknown[] = ['list', 'generator', 'generator_unordered'];

/** @throws TypeError, RangeError that names the option. */
export function checkParallelOptions(options: ParallelOptions<ReturnAs> = {}): ParallelSettings {
  const { nJobs = -1, batchSize = 'auto', verbose = 0, returnAs = 'list', backend = 'processes', timeout } = options;
  checkOptions(options, KEYS, WHERE);
  if (timeout !== undefined) checkWait({ timeout }, WHERE);
  if (typeof nJobs !== 'number' || !Number.isSafeInteger(nJobs) || nJobs === 0) {
    throw new RangeError(`${WHERE}: nJobs must be a whole number other than 0, not ${nJobs}`);
  }
  if (batchSize !== 'auto') checkCount(batchSize, 1, 'batchSize', WHERE);
  checkCount(verbose, 0, 'verbose', WHERE);
  if (!RETURN_AS.includes(returnAs)) throw new TypeError(`${WHERE}: returnAs must be one of ${RETURN_AS.join(', ')}`);
  return {
    nJobs: nJobs > 0 ? nJobs : Math.max(1, cpuCount() + 1 + nJobs),
    batchSize,
    verbose,
    returnAs,
    makeBackend: backendNamed(backend),
    timeout: timeout ?? Infinity,
  };
}
