import { SerializationError } from '../support/errors.ts';

/** A function or class as one that another process can import. */
export interface Reference {
  /** The URL of the module that exports it. */
  readonly module: string;
  /** The name of the export; `default` for a default export and for what a CommonJS module is as a whole. */
  readonly name: string;
}

/** Any function or class. Parameters are `never`, so that every signature fits. */
export type AnyFunction = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

const known = new WeakMap<AnyFunction, Reference>();
const functions = new Map<string, WeakRef<AnyFunction>>();

/** The reference of a function that was found, received or made by `ref` before; costs one look-up. */
export function knownReference(fn: AnyFunction): Reference | undefined {
  return known.get(fn);
}

/** Remembers where a function comes from, so that it is looked for once only. */
export function rememberReference(fn: AnyFunction, reference: Reference): void {
  known.set(fn, reference);
  functions.set(referenceKey(reference), new WeakRef(fn));
}

/** The function that was sent by this process under this reference before, if it still lives. */
export function knownFunction(reference: Reference): AnyFunction | undefined {
  return functions.get(referenceKey(reference))?.deref();
}

/**
 * Names an exported function or class explicitly: it travels without any look-up, and on runtimes without an inspector.
 * The result only stands for the function: it can be a target or an argument, but not be called here.
 *
 * @param moduleUrl - an absolute URL, such as `new URL('./work.js', import.meta.url)` or `import.meta.resolve('./work.js')`
 * @throws TypeError when the module is named by a path or a bare name, or the export by an empty text.
 * @example
 * const resize = ref<typeof import('./resize.js').resize>(new URL('./resize.js', import.meta.url), 'resize');
 * new Process({ target: resize, args: ['cat.png'] }).start();
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it is
export function ref<F extends AnyFunction = (...args: unknown[]) => unknown>(
  moduleUrl: string | URL,
  exportName: string,
): F {
  const module = checkedModule(moduleUrl);
  if (typeof exportName !== 'string' || exportName === '') {
    throw new TypeError(`ref() expects the name of an export (such as 'default'), not ${describe(exportName)}.`);
  }
  const placeholder = (): never => {
    throw new SerializationError(
      `ref('${module}', '${exportName}') stands for a function of another process and cannot be called here. Import the function to call it.`,
    );
  };
  Object.defineProperty(placeholder, 'name', { value: exportName });
  const reference: Reference = Object.freeze({ module, name: exportName });
  // Not through rememberReference: the placeholder must never be handed out as the function itself.
  known.set(placeholder, reference);
  return placeholder as unknown as F;
}

/** Whether a module of this URL can be imported by any process, and by this rule may be named in a message. */
export function isImportable(url: string): boolean {
  return (url.startsWith('file:') || url.startsWith('node:')) && !/\/\[eval\d*\]$/.test(url);
}

function checkedModule(moduleUrl: string | URL): string {
  if (!(moduleUrl instanceof URL) && typeof moduleUrl !== 'string') {
    throw new TypeError(`ref() expects the URL of a module, not ${describe(moduleUrl)}.`);
  }
  const text = String(moduleUrl);
  if (isImportable(text)) return text;
  const remedy = `Use import.meta.resolve('${text}') or new URL('${text}', import.meta.url).`;
  if (!URL.canParse(text)) {
    throw new TypeError(`ref() expects an absolute URL, as '${text}' means something else in every module. ${remedy}`);
  }
  throw new TypeError(
    `ref() takes modules with file: and node: URLs only, not '${text}': other processes could not, or should not, import it.`,
  );
}

function referenceKey(reference: Reference): string {
  return `${reference.name}\n${reference.module}`;
}

function describe(value: unknown): string {
  return value === '' ? 'an empty text' : value === null ? 'null' : typeof value;
}
