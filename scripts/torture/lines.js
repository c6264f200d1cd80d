import { readFileSync } from 'node:fs';

/** The whole lines that a party has written so far: the last may be cut off by its death. */
export function linesOf(file) {
  try {
    const text = readFileSync(file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
