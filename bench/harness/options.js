// @ts-check

/**
 * Reads `--name=value` options and refuses any other.
 * @template {Record<string, string | number>} Defaults
 * @param {Defaults} defaults a number stands for an option that is a number
 * @param {readonly string[]} [argv]
 * @returns {Defaults}
 */
export function readOptions(defaults, argv = process.argv.slice(2)) {
  /** @type {Record<string, string | number>} */
  const options = { ...defaults };
  for (const argument of argv) {
    const [, name = '', text = ''] = /^--([\w-]+)=(.*)$/.exec(argument) ?? [];
    const fallback = options[name];
    const value = typeof fallback === 'number' ? Number(text) : text;
    if (fallback === undefined || Number.isNaN(value)) {
      throw new TypeError(
        `${argument} is none of ${Object.keys(defaults)
          .map((key) => `--${key}=`)
          .join(', ')}`,
      );
    }
    options[name] = value;
  }
  return /** @type {Defaults} */ (options);
}
