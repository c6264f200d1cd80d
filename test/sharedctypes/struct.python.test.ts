import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { struct, type Struct } from 'forkless';
import { describe, expect, it } from 'vitest';

const hasPython = spawnSync('python3', ['-c', 'import ctypes']).status === 0;
const LAYOUTS = fileURLToPath(new URL('../fixtures/ctypes_layouts.py', import.meta.url));

type Type = string | Field[];
type Field = [name: string, type: Type, length?: number];

const code: fc.Arbitrary<Type> = fc.constantFrom(...Array.from('cbB?hHiIlLqQfd'));
const { layout } = fc.letrec<{ layout: Field[] }>((tie) => ({
  layout: fc
    .array(
      fc.tuple(fc.oneof({ weight: 4, arbitrary: code }, tie('layout')), fc.option(fc.integer({ min: 1, max: 9 }))),
      {
        minLength: 1,
        maxLength: 7,
      },
    )
    .map((fields) =>
      fields.map(([type, length], i): Field => (length === null ? [`f${i}`, type] : [`f${i}`, type, length])),
    ),
}));

function structOf(fields: readonly Field[]): Struct {
  const typeOf = (type: Type): never => (typeof type === 'string' ? type : structOf(type)) as never;
  return struct(
    Object.fromEntries(
      fields.map(([name, type, length]) => [name, length === undefined ? typeOf(type) : [typeOf(type), length]]),
    ),
  );
}

describe.skipIf(!hasPython)('struct and ctypes.Structure', () => {
  it('agree on offsets, size and alignment of random layouts', () => {
    const layouts = fc.sample(layout, 100);
    const { stdout, stderr } = spawnSync('python3', [LAYOUTS], { input: JSON.stringify(layouts), encoding: 'utf8' });
    expect(stderr).toBe('');
    const ours = layouts.map((fields) => {
      const { offsets, byteLength, alignment } = structOf(fields);
      return { offsets, byteLength, alignment };
    });
    expect(ours).toEqual(JSON.parse(stdout));
  });
});
