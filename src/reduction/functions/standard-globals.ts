import vm from 'node:vm';

/** What Node adds to the language. A name that is missing here only costs an attempt to send its value. */
const OF_NODE =
  'global globalThis process Buffer console queueMicrotask structuredClone fetch crypto navigator performance ' +
  'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate atob btoa URL URLSearchParams ' +
  'AbortController AbortSignal Blob File FormData Headers Request Response Event EventTarget CustomEvent CloseEvent ' +
  'MessageChannel MessagePort MessageEvent BroadcastChannel TextEncoder TextDecoder TextEncoderStream TextDecoderStream ' +
  'ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableByteStreamController ' +
  'ReadableStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter TransformStream ' +
  'TransformStreamDefaultController ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream ' +
  'DOMException WebAssembly WebSocket EventSource Crypto CryptoKey SubtleCrypto Navigator Performance PerformanceEntry ' +
  'PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming ' +
  'Storage localStorage sessionStorage ErrorEvent QuotaExceededError SharedArrayBuffer';

/** Native functions that compilers put into variables of a script, where other native functions hardly ever are. */
const OF_COMPILERS = [
  ['Object', Object],
  ['Object.prototype', Object.prototype],
  ['Reflect', Reflect],
] as const;

let names: Set<string> | undefined;
let values: Map<unknown, string> | undefined;

/** Whether every process has a global variable of this name by itself. */
export function isStandardGlobal(name: string): boolean {
  return standardNames().has(name);
}

/** The name under which every process has this object: a global variable, or a property of one. */
export function standardGlobalName(value: unknown): string | undefined {
  values ??= new Map(
    [...standardNames()].flatMap((name) => {
      const found: unknown = Object.getOwnPropertyDescriptor(globalThis, name)?.value;
      return typeof found === 'object' || typeof found === 'function' ? [[found, name] as const] : [];
    }),
  );
  values.set(process, 'process').set(Buffer, 'Buffer');
  for (const [path, object] of OF_COMPILERS) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof value === 'function' && !values.has(value)) values.set(value, `${path}.${name}`);
    }
  }
  return values.get(value);
}

/** What every process has under such a name. */
export function standardGlobal(name: string): unknown {
  const [variable = '', ...path] = name.split('.');
  if (!isStandardGlobal(variable)) return undefined;
  let value = (globalThis as Record<string, unknown>)[variable];
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}

function standardNames(): Set<string> {
  return (names ??= new Set([
    ...(vm.runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]),
    ...OF_NODE.split(' '),
  ]));
}
