import { importsOf, onlyReExports, rawMemoryAccesses, type SourceFile } from './source-tree.ts';

/** The place of a file in the order of layers: its folder, or the file itself directly below src/. */
function layerOf(path: string): string {
  return path.split('/')[1] ?? path;
}

/** A layer imports only from layers that stand before it in `layers`, and from itself. */
export function upwardImports(files: readonly SourceFile[], layers: readonly string[]): string[] {
  return files.flatMap((file) => {
    const from = layers.indexOf(layerOf(file.path));
    if (from === -1) return [`${file.path} is in no layer`];
    return importsOf(file)
      .filter((imported) => imported.startsWith('src/'))
      .filter((imported) => layers.indexOf(layerOf(imported)) > from || !layers.includes(layerOf(imported)))
      .map((imported) => `${file.path} imports ${imported}, which comes later in the order of layers`);
  });
}

/** The programs of `layer` run as the main modules of children, so nobody outside may import them. */
export function importsOfPrograms(files: readonly SourceFile[], layer: string): string[] {
  return files
    .filter((file) => layerOf(file.path) !== layer)
    .flatMap((file) =>
      importsOf(file)
        .filter((imported) => imported.startsWith(`src/${layer}/`))
        .map((imported) => `${file.path} imports the program ${imported}`),
    );
}

/** Within the package modules name each other by path, and stay inside src/. */
export function importsFromOutside(files: readonly SourceFile[], packageName: string): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter(
        (imported) =>
          imported === packageName ||
          imported.startsWith(`${packageName}/`) ||
          /^(\.\.|test|dist|bench)\//.test(imported),
      )
      .map((imported) => `${file.path} imports ${imported}`),
  );
}

/** Cycles of imports, each as the path that closes; imports of types count. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  const finished = new Set<string>();
  const path: string[] = [];
  const cycles: string[] = [];

  const visit = (node: string): void => {
    const seenAt = path.indexOf(node);
    if (seenAt !== -1) cycles.push([...path.slice(seenAt), node].join(' -> '));
    if (seenAt !== -1 || finished.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    finished.add(node);
  };
  for (const file of files) visit(file.path);
  return cycles;
}

/** Only the files named in `allowed`, each with its reason, touch mapped memory. */
export function strayMemoryAccesses(files: readonly SourceFile[], allowed: Readonly<Record<string, string>>): string[] {
  return files.filter((file) => !(file.path in allowed)).flatMap(rawMemoryAccesses);
}

/** Names in `allowed` that do not exist or have no need to be there. */
export function needlessAllowances(files: readonly SourceFile[], allowed: Readonly<Record<string, string>>): string[] {
  const inNeed = new Set(files.filter((file) => rawMemoryAccesses(file).length > 0).map((file) => file.path));
  return Object.keys(allowed).filter((path) => !inNeed.has(path));
}

/** `index.ts` has no code of its own. */
export function codeInIndex(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.path === 'src/index.ts' && !onlyReExports(file))
    .map((file) => `${file.path} does more than to re-export`);
}

/** JavaScript and the event loop are known to the binding only. */
export function javaScriptInCore(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !file.path.startsWith('native/binding/'))
    .flatMap((file) =>
      [
        ...file.text.matchAll(
          /^[ \t]*#[ \t]*include[ \t]*[<"]((?:.*\/)?(?:napi|node_api|js_native_api|node|v8|uv)\.h|binding\/.*)[>"]/gm,
        ),
      ].map((match) => `${file.path} includes ${match[1]}`),
    );
}

/** Systems are chosen by folder in the build files, not by the preprocessor. */
export function systemsInCore(files: readonly SourceFile[]): string[] {
  const systems =
    /^[ \t]*#[ \t]*(?:el)?if.*\b(__linux__|__linux|__APPLE__|__MACH__|__FreeBSD__|__OpenBSD__|__NetBSD__|__sun|_WIN32|_WIN64)\b/gm;
  return files
    .filter((file) => !file.path.startsWith('native/platform/'))
    .flatMap((file) => [...file.text.matchAll(systems)].map((match) => `${file.path} asks for ${match[1]}`));
}

/** No file is longer than `limit` lines. */
export function longFiles(files: readonly SourceFile[], limit: number): string[] {
  return files
    .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
