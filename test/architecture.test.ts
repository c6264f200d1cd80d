import { describe, expect, it } from 'vitest';

import {
  codeInIndex,
  importCycles,
  importsFromOutside,
  importsOfPrograms,
  javaScriptInCore,
  longFiles,
  needlessAllowances,
  strayMemoryAccesses,
  systemsInCore,
  upwardImports,
} from './support/architecture-rules.ts';
import { readTree, type SourceFile } from './support/source-tree.ts';

/** A layer imports from itself and from those before it. */
const LAYERS = [
  'support',
  'native',
  'memory',
  'reduction',
  'synchronize',
  'sharedctypes',
  'transport',
  'process',
  'pool',
  'managers',
  'futures',
  'parallel',
  'entry',
  'api.ts',
  'context.ts',
  'dummy',
  'index.ts',
];

/** Where raw memory may be touched, and why there. A new entry needs a benchmark that justifies it. */
const RAW_MEMORY: Readonly<Record<string, string>> = {
  'src/reduction/view-kinds.ts': 'views of the private bytes of a message',
  'src/reduction/portable/deserializer.ts': 'the private bytes of a message',
  'src/reduction/portable/serializer.ts': 'the private bytes of a message',
  'src/memory/words.ts': 'the one place for Atomics and for views of mapped memory',
};

const LINE_LIMIT = 400;

const typescript = readTree('src', /\.[cm]?ts$/);
const native = readTree('native', /\.(cc|h)$/);
const everything = [...typescript, ...native, ...readTree('scripts', /\.js$/), ...readTree('test', /\.ts$/)];

/** Made-up files, to see that a rule finds what it is for. */
function madeUp(files: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

interface Rule {
  readonly title: string;
  readonly check: (files: readonly SourceFile[]) => string[];
  readonly files: readonly SourceFile[];
  readonly wrong: SourceFile[];
  readonly findings: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    title: 'layers import downwards only',
    check: (files) => upwardImports(files, LAYERS),
    files: typescript,
    wrong: madeUp({
      'src/support/log.ts': "import type { Arena } from '../memory/arena.ts';\nimport { a } from './deadline.ts';",
      'src/memory/arena.ts': "import '../support/log.ts';\ntype Q = import('../transport/queue.ts').Queue;",
      'src/pool/pool.ts': "export * from '../context.ts';\nconst m = await import('../index.ts');",
      'src/misc/a.ts': '',
      'src/process/process.ts': "// import '../pool/pool.ts';\nconst text = \"import '../pool/pool.ts'\";",
    }),
    findings: [
      'src/support/log.ts imports src/memory/arena.ts, which comes later in the order of layers',
      'src/memory/arena.ts imports src/transport/queue.ts, which comes later in the order of layers',
      'src/pool/pool.ts imports src/context.ts, which comes later in the order of layers',
      'src/pool/pool.ts imports src/index.ts, which comes later in the order of layers',
      'src/misc/a.ts is in no layer',
    ],
  },
  {
    title: 'programs are imported by nobody',
    check: (files) => importsOfPrograms(files, 'entry'),
    files: typescript,
    wrong: madeUp({
      'src/context.ts': "import { main } from './entry/child.ts';",
      'src/entry/child.ts': "import './boot.ts';",
    }),
    findings: ['src/context.ts imports the program src/entry/child.ts'],
  },
  {
    title: 'the package imports neither itself by name nor files outside src/',
    check: (files) => importsFromOutside(files, 'forkless'),
    files: typescript,
    wrong: madeUp({
      'src/pool/pool.ts': "import { Lock } from 'forkless';\nimport '../../test/support/x.ts';\nimport 'node:fs';",
    }),
    findings: ['src/pool/pool.ts imports forkless', 'src/pool/pool.ts imports test/support/x.ts'],
  },
  {
    title: 'imports have no cycle, those of types included',
    check: importCycles,
    files: typescript,
    wrong: madeUp({
      'src/pool/a.ts': "import { b } from './b.ts';",
      'src/pool/b.ts': "import { c } from './c.ts';\nimport './d.ts';",
      'src/pool/c.ts': "export type { A } from './a.ts';",
      'src/pool/d.ts': '',
    }),
    findings: ['src/pool/a.ts -> src/pool/b.ts -> src/pool/c.ts -> src/pool/a.ts'],
  },
  {
    title: 'mapped memory is touched only in the files listed for it',
    check: (files) => strayMemoryAccesses(files, RAW_MEMORY),
    files: typescript,
    wrong: madeUp({
      'src/memory/words.ts': 'Atomics.load(words, 0);',
      'src/transport/ring.ts': [
        'const { add } = Atomics;',
        'new DataView(bytes.buffer);',
        'new Int32Array(x, 8, 4); new globalThis.Float64Array(this.buffer);',
        'Buffer.from(memory); Buffer.from(a, 0, 4);',
        'new Float64Array(10); new Uint8Array([1, 2]); new Float64Array(values); Buffer.from(text, "utf8");',
        '// Atomics.load',
      ].join('\n'),
    }),
    findings: [
      'src/transport/ring.ts:1 Atomics',
      'src/transport/ring.ts:2 new DataView',
      'src/transport/ring.ts:3 new Int32Array over a buffer',
      'src/transport/ring.ts:3 new Float64Array over a buffer',
      'src/transport/ring.ts:4 Buffer.from a buffer',
      'src/transport/ring.ts:4 Buffer.from a buffer',
    ],
  },
  {
    title: 'index.ts only re-exports',
    check: codeInIndex,
    files: typescript,
    wrong: madeUp({ 'src/index.ts': "export { a } from './context.ts';\nexport const b = 1;" }),
    findings: ['src/index.ts does more than to re-export'],
  },
  {
    title: 'native code outside binding/ knows no JavaScript and no event loop',
    check: javaScriptInCore,
    files: native,
    wrong: madeUp({
      'native/core/arena.cc': '#include <napi.h>\n#include "core/status.h"\n',
      'native/platform/linux/futex.cc': '# include "binding/convert.h"\n#include <deps/uv.h>\n',
      'native/binding/addon.cc': '#include <napi.h>\n',
    }),
    findings: [
      'native/core/arena.cc includes napi.h',
      'native/platform/linux/futex.cc includes binding/convert.h',
      'native/platform/linux/futex.cc includes deps/uv.h',
    ],
  },
  {
    title: 'native code outside platform/ does not ask for the system',
    check: systemsInCore,
    files: native,
    wrong: madeUp({
      'native/core/arena.cc': '#ifdef __linux__\n#elif defined(__APPLE__)\n#endif\n// __linux__\n',
      'native/binding/addon.cc': '#if defined(_WIN32)\n#endif\n',
      'native/platform/linux/futex.cc': '#ifndef __linux__\n#endif\n',
    }),
    findings: [
      'native/core/arena.cc asks for __linux__',
      'native/core/arena.cc asks for __APPLE__',
      'native/binding/addon.cc asks for _WIN32',
    ],
  },
  {
    title: `no file has more than ${LINE_LIMIT} lines`,
    check: (files) => longFiles(files, LINE_LIMIT),
    files: everything,
    wrong: madeUp({ 'src/a.ts': '\n'.repeat(LINE_LIMIT) + 'a\n', 'src/b.ts': '\n'.repeat(LINE_LIMIT - 1) + 'b\n' }),
    findings: [`src/a.ts has ${LINE_LIMIT + 1} lines`],
  },
];

describe('The architecture', () => {
  it.each(RULES)('keeps to the rule: $title', ({ check, files }) => {
    expect(check(files)).toEqual([]);
  });

  it('lists no file for mapped memory that has no need of it', () => {
    expect(needlessAllowances(typescript, RAW_MEMORY)).toEqual([]);
  });
});

describe('The rules of the architecture', () => {
  it.each(RULES)('find what is wrong in made-up files: $title', ({ check, wrong, findings }) => {
    expect(check(wrong)).toEqual(findings);
  });

  it('find a needless entry of the list for mapped memory', () => {
    const files = madeUp({ 'src/a.ts': 'Atomics.load(words, 0);', 'src/b.ts': '// Atomics' });
    expect(needlessAllowances(files, { 'src/a.ts': 'used', 'src/b.ts': 'not used', 'src/c.ts': 'gone' })).toEqual([
      'src/b.ts',
      'src/c.ts',
    ]);
  });
});
