// @ts-check

// glibc gives a large buffer pages of its own, and its first 16 bytes to itself.
const TO_NEXT_CACHE_LINE = 48;

/**
 * A private array that begins with a cache line, as those of the C++ limits do: a copy between arrays that begin
 * differently within their cache lines may be slower.
 * @param {number} length
 */
export function alignedArray(length) {
  return new Float64Array(new ArrayBuffer(TO_NEXT_CACHE_LINE + length * 8), TO_NEXT_CACHE_LINE, length);
}
