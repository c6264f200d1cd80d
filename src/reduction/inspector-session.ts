import { createRequire } from 'node:module';
import type * as Inspector from 'node:inspector';
import type { Runtime, Session } from 'node:inspector';
import type { AnyFunction } from './reference.ts';

const HOLDER: unique symbol = Symbol.for('forkless.inspected');
const OBJECT_GROUP = 'forkless';

/** A script as V8 runs it: after type stripping or any other compilation. */
export interface Script {
  readonly url: string;
  readonly isModule: boolean;
  /** Where its source begins for V8, which counts all lines and columns from there; 0 for files. */
  readonly startLine: number;
  readonly startColumn: number;
}

interface ScriptParsed extends Omit<Script, 'isModule'> {
  readonly scriptId: string;
  readonly isModule?: boolean;
}

// Not in the types of all versions.
interface PrivateProperty {
  readonly name: string;
  readonly value?: Runtime.RemoteObject;
}

/**
 * V8's inspector for this very thread. Everything is synchronous: without a connection through a socket, answers arrive
 * before `post` returns. The debugger is enabled only while the list of scripts or a source is fetched.
 */
export class InspectorSession {
  readonly #session: Session;
  readonly #holder: { fn: AnyFunction | undefined; taken: unknown } = { fn: undefined, taken: undefined };
  readonly #holderId: string;
  readonly #scripts: Map<string, Script> = new Map();
  readonly #sources: Map<string, string> = new Map();

  /** @throws whatever the runtime throws when it has no inspector. */
  constructor() {
    // Required here and not imported: most processes never need it.
    const inspector = createRequire(import.meta.url)('node:inspector') as typeof Inspector;
    this.#session = new inspector.Session();
    this.#session.connect();
    Object.defineProperty(globalThis, HOLDER, { value: this.#holder, configurable: true });
    try {
      const found = this.post<Runtime.EvaluateReturnType>('Runtime.evaluate', {
        expression: `globalThis[Symbol.for('forkless.inspected')]`,
      });
      this.#holderId = idOf(found.result);
    } finally {
      Reflect.deleteProperty(globalThis, HOLDER);
    }
  }

  /** Sends one command of the inspector's protocol and returns the answer. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it is
  post<R>(method: string, parameters: object = {}): R {
    let failure: Error | undefined;
    let answer: unknown;
    let answered = false;
    this.#session.post(method, parameters, (error: Error | null, result?: object) => {
      failure = error ?? undefined;
      answer = result;
      answered = true;
    });
    if (failure !== undefined) throw failure;
    if (!answered) throw new Error(`the inspector did not answer ${method} at once`);
    return answer as R;
  }

  /** Lets `use` look at a function, and drops what the inspector kept for it afterwards. */
  inspect<R>(fn: AnyFunction, use: (functionId: string) => R): R {
    this.#holder.fn = fn;
    try {
      return use(this.call(this.#holderId, 'function () { return this.fn; }', [], false).objectId as string);
    } finally {
      this.#holder.fn = undefined;
      this.#holder.taken = undefined;
      this.post('Runtime.releaseObjectGroup', { objectGroup: OBJECT_GROUP });
    }
  }

  /** Calls a function, given as source, on an object that the inspector holds. */
  call(
    objectId: string,
    source: string,
    args: readonly Runtime.CallArgument[],
    byValue: boolean,
  ): Runtime.RemoteObject {
    const called = this.post<Runtime.CallFunctionOnReturnType>('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: source,
      arguments: args,
      returnByValue: byValue,
      objectGroup: OBJECT_GROUP,
      silent: true,
    });
    if (called.exceptionDetails !== undefined)
      throw new Error(called.exceptionDetails.exception?.description ?? called.exceptionDetails.text);
    return called.result;
  }

  /** Calls a function as `call` does, and gives the very value that it returns: with its identity, not a description. */
  take(objectId: string, source: string, args: readonly Runtime.CallArgument[]): unknown {
    const taking = `function (holder, ...args) { holder.taken = (${source}).apply(this, args); }`;
    this.call(objectId, taking, [{ objectId: this.#holderId }, ...args], false);
    return this.#holder.taken;
  }

  /** The values that the inspector shows. */
  takeAll(values: readonly Runtime.RemoteObject[]): unknown[] {
    return this.take(this.#holderId, 'function (...values) { return values; }', values.map(asArgument)) as unknown[];
  }

  /** The internal properties of an object, such as `[[Scopes]]`. */
  internals(objectId: string): Map<string, Runtime.RemoteObject> {
    const { internalProperties = [] } = this.#properties(objectId);
    return new Map(internalProperties.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  }

  /** The private fields of an object, such as `#count`. */
  privates(objectId: string): Map<string, Runtime.RemoteObject> {
    const { privateProperties = [] } = this.#properties(objectId);
    return new Map(privateProperties.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  }

  #properties(objectId: string): Runtime.GetPropertiesReturnType & { readonly privateProperties?: PrivateProperty[] } {
    return this.post('Runtime.getProperties', { objectId, ownProperties: true });
  }

  /** A script by its number. */
  script(scriptId: string): Script | undefined {
    // Its source is most often the next question, and to enable the debugger the dearest part of both.
    if (!this.#scripts.has(scriptId)) this.#debug(() => this.#fetchSource(scriptId));
    return this.#scripts.get(scriptId);
  }

  /** A script that is known already; undefined says nothing. */
  knownScript(scriptId: string): Script | undefined {
    return this.#scripts.get(scriptId);
  }

  /** Tells about a script what was found out otherwise. */
  learn(scriptId: string, script: Script, source: string): void {
    this.#scripts.set(scriptId, script);
    this.#sources.set(scriptId, source);
  }

  /**
   * The URL of a script, if it is one of those that are running now: an error that is thrown under the inspector's eyes
   * names them. That takes half a millisecond; to enable the debugger, which lists all scripts, takes twenty.
   */
  urlOnStack(scriptId: string): string | undefined {
    this.post('Runtime.enable');
    try {
      const { exceptionDetails } = this.post<Runtime.CallFunctionOnReturnType>('Runtime.callFunctionOn', {
        objectId: this.#holderId,
        functionDeclaration: 'function () { throw new Error(); }',
        objectGroup: OBJECT_GROUP,
        silent: true,
      });
      return exceptionDetails?.stackTrace?.callFrames.find((frame) => frame.scriptId === scriptId)?.url;
    } finally {
      this.post('Runtime.disable');
    }
  }

  /** The source of a script as it is executed. */
  source(scriptId: string): string {
    if (!this.#sources.has(scriptId)) this.#debug(() => this.#fetchSource(scriptId));
    return this.#sources.get(scriptId) ?? '';
  }

  #fetchSource(scriptId: string): void {
    this.#sources.set(
      scriptId,
      this.post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId }).scriptSource,
    );
  }

  #debug(use: () => void): void {
    const parsed = ({ params }: { params: ScriptParsed }): void => {
      const { scriptId, url, isModule, startLine, startColumn } = params;
      this.#scripts.set(scriptId, { url, isModule: isModule === true, startLine, startColumn });
    };
    this.#session.on('Debugger.scriptParsed', parsed);
    try {
      this.post('Debugger.enable');
      use();
    } finally {
      this.post('Debugger.disable');
      this.#session.off('Debugger.scriptParsed', parsed);
    }
  }
}

let session: InspectorSession | undefined;
let unavailable = false;

/** The session of this thread; undefined where there is no inspector: Bun, Deno, or a Node built without it. */
export function inspectorSession(): InspectorSession | undefined {
  if (session !== undefined || unavailable) return session;
  try {
    session = new InspectorSession();
  } catch {
    unavailable = true;
  }
  return session;
}

function asArgument(value: Runtime.RemoteObject): Runtime.CallArgument {
  if (value.objectId !== undefined) return { objectId: value.objectId };
  return value.unserializableValue === undefined
    ? { value: value.value as unknown }
    : { unserializableValue: value.unserializableValue };
}

function idOf(object: Runtime.RemoteObject): string {
  if (object.objectId === undefined) throw new Error('the inspector gave no object');
  return object.objectId;
}
