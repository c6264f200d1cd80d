/** What this process runs on. Bun and Deno pretend to be Node where they can, and differ in what the event loop is. */
export type Runtime = 'node' | 'bun' | 'deno';

export const RUNTIME: Runtime = runtimeOf(process.versions);

function runtimeOf(versions: Readonly<Record<string, string | undefined>>): Runtime {
  if (versions['bun'] !== undefined) return 'bun';
  return versions['deno'] === undefined ? 'node' : 'deno';
}
