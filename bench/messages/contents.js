// @ts-check
// What the messages are, for ours and for the peers in Node; bench/python/contents.py has the same.

/**
 * @typedef {{ id: number, name: string, value: number, ok: boolean }} Item
 * @typedef {Item | Uint8Array} Message
 */

// Of bytes so many different messages, made before: Python's Queue may read one long after it was put.
const DIFFERENT = 3;

/**
 * Makes message i: a new small object, or so many bytes that begin with i modulo 3.
 * @param {number} bytes 0 = a small object
 * @returns {(i: number) => Message}
 */
export function contents(bytes) {
  if (bytes === 0) return (i) => ({ id: i, name: `item-${i}`, value: i * 0.5, ok: true });
  const buffers = Array.from({ length: DIFFERENT }, (_, k) => Buffer.alloc(bytes, k));
  return (i) => /** @type {Buffer} */ (buffers[i % DIFFERENT]);
}

/**
 * Looks into a message, for a sum.
 * @param {number} bytes 0 = a small object
 * @returns {(message: any) => number}
 */
export function looker(bytes) {
  if (bytes === 0) return (item) => item.id + item.value;
  return (buffer) => buffer[0] + buffer[bytes - 1];
}

/** The sum over the messages 0 … count - 1. @param {number} bytes @param {number} count */
export function sumOf(bytes, count) {
  const [make, look] = [contents(bytes), looker(bytes)];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += look(make(i));
  return sum;
}

/**
 * The result of rounds of `messages` each that took so many seconds.
 * @param {string} name @param {string} unit GB/s or /s @param {number} bytes of a message
 * @param {number} messages @param {readonly number[]} seconds
 */
export function oneWayResult(name, unit, bytes, messages, seconds) {
  const rates = seconds.map((each) => (messages * (unit === '/s' ? 1 : bytes / 1e9)) / each);
  const value = Number([...rates].sort((a, b) => a - b)[rates.length >> 1]);
  return { name, unit, value, best: Math.max(...rates), rounds: rates.length, messages };
}
