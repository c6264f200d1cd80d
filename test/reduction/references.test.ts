import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ref } from '../../src/reduction/reference.ts';
import { referTo, targetOf } from '../../src/reduction/references.ts';
import { resolveModules, resolveReference } from '../../src/reduction/module-table.ts';
import { SerializationError } from '../../src/support/errors.ts';
import defaultArrow, { inner } from '../fixtures/reduction/default-arrow.js';
import callResult from '../fixtures/reduction/default-call.js';
import DefaultClass from '../fixtures/reduction/default-class.js';
import declaredDefault, { makeOther } from '../fixtures/reduction/default-function.js';
import defaultObject from '../fixtures/reduction/default-object.js';
import * as misleadingCall from '../fixtures/reduction/default-misleading-call.js';
import misleadingConstant from '../fixtures/reduction/default-misleading-constant.js';
import * as misleadingName from '../fixtures/reduction/default-misleading-name.js';
import variable from '../fixtures/reduction/default-variable.js';
import wrapped from '../fixtures/reduction/default-wrapped.js';
import anonymousDefault, * as functions from '../fixtures/reduction/functions.js';
import { passedOn } from '../fixtures/reduction/reexports.js';

const require = createRequire(import.meta.url);
const fixture = (name: string): string => new URL(`../fixtures/reduction/${name}`, import.meta.url).href;

describe('referTo', () => {
  it.each([
    ['a declared function', functions.declared, 'declared'],
    ['a function exported under another name, by its first one', functions.renamed, 'renamed'],
    ['an arrow function in a constant', functions.arrow, 'arrow'],
    ['a generator whose own name is another', functions.expression, 'expression'],
    ['a class', functions.Point, 'Point'],
    ['a class without a constructor', functions.NoConstructor, 'NoConstructor'],
    ['an anonymous default export', anonymousDefault, 'default'],
  ])('finds %s of an ES module', (_what, fn, name) => {
    expect(referTo(fn)).toEqual({ module: fixture('functions.js'), name });
  });

  it.each([
    ['an arrow function behind comments', defaultArrow, 'default-arrow.js'],
    ['a class in a module without variables', DefaultClass, 'default-class.js'],
    ['a function in parentheses', wrapped, 'default-wrapped.js'],
  ])('finds an anonymous default export that is %s', (_what, fn, file) => {
    expect(referTo(fn)).toEqual({ module: fixture(file), name: 'default' });
  });

  it('finds a default export that is a variable', () => {
    expect(referTo(variable)).toEqual({ module: fixture('default-variable.js'), name: 'default' });
    expect(referTo(declaredDefault)).toEqual({ module: fixture('default-function.js'), name: 'default' });
    expect(() => referTo(makeOther())).toThrow(/The function 'work' cannot travel/);
  });

  it('does not take a part of the default export for the export', () => {
    expect(callResult()).toBe('result');
    expect(() => referTo(callResult)).toThrow(/is not an export of .*default-call\.js/);
    expect(() => referTo(defaultObject.self)).toThrow(/is not an export of .*default-object\.js/);
    expect(() => referTo(inner())).toThrow(/is not an export of .*default-arrow\.js/);
  });

  it.each([
    ['is called to make the default export', misleadingCall.take(), 'wrap'],
    ['has the name of a constant that holds its result', misleadingConstant.made, 'made'],
    ['is an expression with the name of the default export', misleadingName.take(), 'job'],
  ])('does not take a function for the default export that only %s', (_what, fn, name) => {
    expect(fn.name).toBe(name);
    expect(() => referTo(fn)).toThrow(/is not an export of .*default-misleading/);
  });

  it('names the declaring module of a function that another module passes on', () => {
    expect(referTo(passedOn)).toEqual({ module: fixture('functions.js'), name: 'declared' });
  });

  it('does not mistake a nested function for the export of the same name', () => {
    expect(() => referTo(functions.makeImpostor())).toThrow(/The function 'declared' cannot travel/);
    expect(referTo(functions.declared).name).toBe('declared');
  });

  it('gives the same reference the second time without looking again', () => {
    expect(referTo(functions.arrow)).toBe(referTo(functions.arrow));
  });

  it('finds the exports of CommonJS modules, also those that no lexer finds', () => {
    const { plain, computed, Box } = require('../fixtures/reduction/commonjs.cjs') as Record<string, () => void>;
    const module = fixture('commonjs.cjs');
    expect(referTo(plain as () => void)).toEqual({ module, name: 'plain' });
    expect(referTo(computed as () => void)).toEqual({ module, name: 'computed' });
    expect(referTo(Box as () => void)).toEqual({ module, name: 'Box' });
    expect(globalThis).not.toHaveProperty('__forklessLazy');
  });

  it('finds a function that is a CommonJS module as a whole', () => {
    const whole = require('../fixtures/reduction/commonjs-whole.cjs') as () => void;
    expect(referTo(whole)).toEqual({ module: fixture('commonjs-whole.cjs'), name: 'default' });
  });

  it('finds what a compiler exports by getters', () => {
    const { viaGetter } = require('../fixtures/reduction/commonjs-getters.cjs') as { viaGetter: () => void };
    expect(referTo(viaGetter)).toEqual({ module: fixture('commonjs-getters.cjs'), name: 'viaGetter' });
  });

  it('finds functions of the built-in modules', () => {
    // oxlint-disable-next-line typescript/unbound-method -- not called
    expect(referTo(path.join)).toEqual({ module: 'node:path', name: 'join' });
  });

  it.each([
    [
      'an unexported function',
      functions.inside.hidden,
      /The function 'hidden' cannot travel.*is not an export of .*functions\.js \(which exports declared.*export it from a module under a name, or name it with ref\(/,
    ],
    ['an unexported class', functions.inside.Hidden, /The class 'Hidden' cannot travel.*is not an export/],
    ['a method', functions.inside.method, /The function 'go' cannot travel.*is not an export/],
    ['a bound function', functions.inside.bound, /'bound declared'.*bind\(\)/],
    ['a Proxy', functions.inside.proxy, /it is a Proxy/],
    ['a native function', Math.max, /'max'.*native code/],
    [
      'a function of new Function',
      // oxlint-disable-next-line typescript/no-implied-eval -- the very thing to be refused
      new Function('return 1') as () => void,
      /'anonymous'.*eval, new Function, vm or the REPL/,
    ],
    [
      'a function of vm without a name',
      vm.runInThisContext('(function evaluated() {})') as () => void,
      /'evaluated'.*eval, new Function, vm or the REPL \('evalmachine/,
    ],
    [
      'a function of vm',
      vm.runInThisContext('(() => 1)', { filename: 'REPL1' }) as () => void,
      /An anonymous function.*\('REPL1'\)/,
    ],
    [
      'an unexported function of CommonJS',
      (require('../fixtures/reduction/commonjs.cjs') as { take: () => () => void }).take(),
      /commonjs\.cjs does not export it/,
    ],
    ['a function that a test runner evaluated', () => 1, /was not loaded as a module by the runtime itself.*ref\(/],
  ])('refuses %s, says why and what to do', (_what, fn, message) => {
    expect(() => referTo(fn)).toThrow(SerializationError);
    expect(() => referTo(fn)).toThrow(message);
    expect(targetOf(fn).kind).not.toBe('reference');
  });

  it.each([null, undefined, 1, 'text', {}])('throws a TypeError for %s', (value) => {
    expect(() => referTo(value as () => void)).toThrow(TypeError);
  });
});

describe('ref', () => {
  it('names an export without looking for it', () => {
    const named = ref(new URL('file:///does/not/exist.js'), 'work');
    expect(referTo(named)).toEqual({ module: 'file:///does/not/exist.js', name: 'work' });
    expect(named.name).toBe('work');
  });

  it('cannot be called in this process', () => {
    expect(() => ref('file:///x.js', 'work')()).toThrow(/cannot be called here/);
  });

  it('refuses relative and bare names and says what to write', () => {
    expect(() => ref('./work.js', 'work')).toThrow(/import\.meta\.resolve\('\.\/work\.js'\) or new URL/);
    expect(() => ref('lodash', 'map')).toThrow(TypeError);
    expect(() => ref('/abs/work.js', 'map')).toThrow(/absolute URL/);
  });

  it('refuses URLs that carry code or come from elsewhere', () => {
    expect(() => ref('data:text/javascript,export default 1', 'default')).toThrow(/file: and node: URLs only/);
    expect(() => ref('file:///somewhere/[eval1]', 'f')).toThrow(/could not/);
    expect(() => ref('https://example.org/x.js', 'f')).toThrow(/file: and node: URLs only/);
  });

  it('refuses anything that is no URL or no name', () => {
    expect(() => ref(5 as unknown as string, 'x')).toThrow(/not number/);
    expect(() => ref('file:///x.js', '')).toThrow(/an empty text/);
    expect(() => ref('file:///x.js', undefined as unknown as string)).toThrow(TypeError);
  });
});

describe('resolveReference', () => {
  it('imports the module and gives the very function', async () => {
    expect(await resolveReference({ module: fixture('functions.js'), name: 'arrow' })).toBe(functions.arrow);
    expect(await resolveReference({ module: fixture('functions.js'), name: 'default' })).toBe(anonymousDefault);
  });

  it.each([
    ['commonjs.cjs', 'computed', 'odd'],
    ['commonjs-whole.cjs', 'default', 'whole'],
    ['commonjs-getters.cjs', 'default', 'defaultOfCompiler'],
  ])('gets at all exports of a CommonJS module: %s %s', async (file, name, functionName) => {
    expect(await resolveReference({ module: fixture(file), name })).toHaveProperty('name', functionName);
  });

  it('names the module, the missing export and those that there are', async () => {
    const missing = resolveReference({ module: fixture('default-arrow.js'), name: 'gone' });
    await expect(missing).rejects.toThrow(/default-arrow\.js has no export 'gone'; it exports default, inner\./);
    await expect(missing).rejects.toBeInstanceOf(SerializationError);
  });

  it('refuses an export that is no function', async () => {
    await expect(resolveReference({ module: fixture('functions.js'), name: 'notAFunction' })).rejects.toThrow(
      /is no function or class but a number/,
    );
  });

  it('does not give what is only inherited', async () => {
    await expect(resolveReference({ module: fixture('commonjs.cjs'), name: 'constructor' })).rejects.toThrow(
      /no export 'constructor'/,
    );
    await expect(resolveReference({ module: fixture('commonjs.cjs'), name: '__proto__' })).rejects.toThrow(/no export/);
  });

  it('tells why a module cannot be imported', async () => {
    await expect(resolveModules([fixture('gone.js')])).rejects.toMatchObject({
      name: 'SerializationError',
      message: expect.stringMatching(/gone\.js cannot be imported/) as string,
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    });
  });

  it('never imports code that is part of the URL', async () => {
    await expect(resolveModules(['data:text/javascript,globalThis.__forklessEvil=1'])).rejects.toThrow(
      /is not imported/,
    );
    expect(globalThis).not.toHaveProperty('__forklessEvil');
  });
});
