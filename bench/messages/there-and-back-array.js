// @ts-check

const FEW = 1000;

/** @param {number} bytes */
export function newArray(bytes) {
  return Float64Array.from({ length: bytes / 8 }, (_, i) => i);
}

/** Looks at the first elements and the last one. @param {unknown} answer @param {Float64Array} sent */
export function checkReturned(answer, sent) {
  if (!(answer instanceof Float64Array) || answer.length !== sent.length || answer.buffer === sent.buffer)
    throw new Error('what came back is no copy of the array');
  const last = sent.length - 1;
  if (answer[last] !== sent[last] || Buffer.compare(bytesOf(answer), bytesOf(sent)) !== 0)
    throw new Error('what came back is not what was sent');
}

/** @param {Float64Array} array */
function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, Math.min(array.length, FEW) * 8);
}
