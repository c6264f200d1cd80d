// npm run build:ts, behind tsc: puts the modules of src/ into one file, dist/lib/forkless.cjs, which loads several times
// as fast as they do one by one (docs/decisions/one-file.md). The modules of dist/ only name what is in there, so that
// whatever a program imports, and by whatever way, there is one copy of each class in a process.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

const { dependencies } = createRequire(import.meta.url)('../package.json');
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(ROOT, 'src');
const DIST = join(ROOT, 'dist');
const BUNDLE = join(DIST, 'lib/forkless.cjs');
const ENTRY = '\0all';
const OWN_URL = "const ownUrl = require('node:url').pathToFileURL(__filename).href;";
const SHARED = {
  platform: 'node',
  cwd: ROOT,
  tsconfig: join(ROOT, 'tsconfig.json'),
  transform: { target: 'node20', define: { 'import.meta.url': 'ownUrl' } },
  external: [/^node:/, ...Object.keys(dependencies)],
  onLog(level, log) {
    if (level === 'warn') throw new Error(log.message);
  },
};
/** Modules whose exports a program sees: these names are the bundle's own. */
const PUBLIC = ['index', 'futures/index', 'parallel/index', 'dummy/index'];

// What a child loads before anything else is CommonJS: a file of its own, as tsc has made it.
const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort((a, b) => PUBLIC.includes(b) - PUBLIC.includes(a) || (a < b ? -1 : 1));

const exported = await exportsOfModules();
const nameOf = chooseNames();
rmSync(dirname(BUNDLE), { recursive: true, force: true });
await writeBundle();
for (const module of modules) writeFacade(module);

/** Module → the names that it exports, those that it passes on included. */
async function exportsOfModules() {
  const input = Object.fromEntries(modules.map((module) => [module, sourceOf(module)]));
  const build = await rolldown({ ...SHARED, input });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return new Map(output.filter((chunk) => chunk.isEntry).map((chunk) => [chunk.name, chunk.exports]));
}

/** What an export is called in the bundle: as in its module, if no other exports anything else under that name. */
function chooseNames() {
  const taken = new Map();
  const names = new Map();
  for (const module of modules) {
    for (const name of exported.get(module) ?? []) {
      if (!taken.has(name)) taken.set(name, module);
      names.set(`${module}#${name}`, taken.get(name) === module ? name : `${name} of ${module}`);
    }
  }
  return (module, name) => names.get(`${module}#${name}`);
}

function resolveId(id) {
  return id === ENTRY ? id : undefined;
}

/** The one module that exports everything. */
function load(id) {
  if (id !== ENTRY) return undefined;
  return modules
    .map((module) => {
      const names = (exported.get(module) ?? []).map((name) => `${name} as ${JSON.stringify(nameOf(module, name))}`);
      return `export { ${names.join(', ')} } from ${JSON.stringify(sourceOf(module))};`;
    })
    .join('\n');
}

async function writeBundle() {
  const build = await rolldown({ ...SHARED, input: ENTRY, plugins: [{ name: 'all', resolveId, load, renderChunk }] });
  await build.write({ file: BUNDLE, format: 'cjs', sourcemap: true, keepNames: true, comments: false, intro: OWN_URL });
  await build.close();
}

/** Exports it all as one object, at the end: V8 makes that much faster than it sets hundreds of properties one by one. */
function renderChunk(code) {
  const properties = [];
  const rest = code.replace(/^exports(?:\.([\w$]+)|\[("[^"]+")\]) = ([\w$]+);\n/gm, (_, name, text, variable) => {
    properties.push(`${name ?? text}: ${variable}`);
    return '';
  });
  return { code: `${rest}module.exports = {\n${properties.join(',\n')}\n};\n`, map: null };
}

/** The module as programs and tests import it. */
function writeFacade(module) {
  const file = join(DIST, `${module}.js`);
  const names = exported.get(module) ?? [];
  rmSync(`${file}.map`, { force: true });
  const bundle = JSON.stringify(relative(dirname(file), BUNDLE).replace(/^(?!\.)/, './'));
  writeFileSync(
    file,
    [
      "import { createRequire } from 'node:module';",
      `const all = createRequire(import.meta.url)(${bundle});`,
      ...names.map((name, i) => `const $${i} = all[${JSON.stringify(nameOf(module, name))}];`),
      `export { ${names.map((name, i) => `$${i} as ${name}`).join(', ')} };`,
      '',
    ].join('\n'),
  );
}

function sourceOf(module) {
  return join(SRC, `${module}.ts`);
}
