/*
 * Looks at the variables of a function. V8 shows the scopes of a function as objects, made anew for each look, with the
 * values of now. A variable that a function uses is in one of them; they are looked through from the inside.
 */
import type { AnyFunction } from '../reference.ts';
import { inspectorSession } from '../inspector-session.ts';
import { isStandardGlobal } from './standard-globals.ts';

/** What was found; a variable in no scope has the scope undefined. */
export interface Look {
  readonly scopes: readonly (string | undefined)[];
  readonly values: readonly unknown[];
  /** Values of static private fields, as the class has them. */
  readonly privates: readonly unknown[];
}

const READ = `function (names, standard) {
  const values = [], scopes = [];
  for (const name of names) {
    let i = 0;
    for (; i < this.length; i++) {
      const { description, object } = this[i];
      if (description === 'Global' && standard.includes(name)) continue;
      if (!Object.prototype.hasOwnProperty.call(object, name)) continue;
      values.push(object[name]);
      scopes.push(description);
      break;
    }
    if (i === this.length) { values.push(undefined); scopes.push(undefined); }
  }
  return { values, scopes };
}`;

/** Reads variables and private fields; undefined where there is no inspector. */
export function lookAt(fn: AnyFunction, names: readonly string[], privateNames: readonly string[]): Look | undefined {
  const inspector = inspectorSession();
  return inspector?.inspect(fn, (functionId) => {
    const scopesId = names.length === 0 ? undefined : inspector.internals(functionId).get('[[Scopes]]')?.objectId;
    const { scopes, values } =
      scopesId === undefined
        ? { scopes: [], values: [] }
        : (inspector.take(scopesId, READ, [{ value: names }, { value: names.filter(isStandardGlobal) }]) as Omit<
            Look,
            'privates'
          >);
    if (privateNames.length === 0) return { scopes, values, privates: [] };
    const shown = inspector.privates(functionId);
    const privates = inspector.takeAll(privateNames.map((name) => shown.get(`#${name}`) ?? { type: 'undefined' }));
    return { scopes, values, privates };
  });
}

/** What a bound function was made of. */
export interface BoundParts {
  readonly target: AnyFunction;
  readonly boundThis: unknown;
  readonly boundArgs: readonly unknown[];
}

/** The parts of a function of `bind()`. */
export function boundParts(fn: AnyFunction): BoundParts | undefined {
  const inspector = inspectorSession();
  return inspector?.inspect(fn, (functionId) => {
    const internals = inspector.internals(functionId);
    const parts = ['[[TargetFunction]]', '[[BoundThis]]', '[[BoundArgs]]'].map((name) => internals.get(name));
    if (parts.includes(undefined)) return undefined;
    const [target, boundThis, boundArgs] = inspector.takeAll(parts.map((part) => part ?? { type: 'undefined' }));
    return { target: target as AnyFunction, boundThis, boundArgs: Array.from(boundArgs as ArrayLike<unknown>) };
  });
}
