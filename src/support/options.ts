/** How long to wait. */
export interface WaitOptions {
  /** In ms; omitted = for ever, 0 = do not wait. */
  readonly timeout?: number;
}

/** How long to wait without blocking the event loop. */
export interface AsyncWaitOptions extends WaitOptions {
  readonly signal?: AbortSignal;
}

/**
 * Refuses misspelt options.
 * @param where the call as the user writes it, such as `new FloatChannel()`
 * @throws TypeError that names the unknown key.
 */
export function checkOptions(options: unknown, allowedKeys: readonly string[], where: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`The options of ${where} must be an object, not ${options === null ? 'null' : typeof options}`);
  }
  for (const key of Object.keys(options)) {
    if (!allowedKeys.includes(key)) {
      throw new TypeError(
        `${where} has no option "${key}": it knows ${allowedKeys.map((name) => `"${name}"`).join(', ')}`,
      );
    }
  }
}

/**
 * Checks the options of a wait.
 * @throws TypeError for an unknown key or a wrong type, RangeError for a negative timeout.
 */
export function checkWait(
  options: AsyncWaitOptions | undefined,
  where: string,
  keys: readonly string[] = WAIT_KEYS,
): void {
  // Apart, so that this is small enough to vanish in every fast path.
  if (options !== undefined) checkGivenWait(options, where, keys);
}

function checkGivenWait(options: AsyncWaitOptions, where: string, keys: readonly string[]): void {
  checkOptions(options, keys, where);
  const { timeout, signal } = options;
  if (timeout !== undefined) {
    if (typeof timeout !== 'number')
      throw new TypeError(`The timeout of ${where} must be a number of ms, not ${typeof timeout}`);
    if (!(timeout >= 0)) throw new RangeError(`The timeout of ${where} must be at least 0 ms, not ${timeout}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`The signal of ${where} must be an AbortSignal`);
  }
}

const WAIT_KEYS = ['timeout', 'signal'] as const;
/** The keys that a blocking form takes: it cannot be aborted. */
export const SYNC_WAIT_KEYS: readonly string[] = ['timeout'];
