interface Permissions {
  querySync(descriptor: { readonly name: string }): { readonly state: string };
}

const NAMES = ['read', 'write', 'net', 'env', 'run', 'ffi', 'sys', 'import'];

/**
 * How Deno is told to run a program, with the permissions that this process has in full: a child has none that its
 * parent does not have. Deno itself gives `process.execArgv` no options.
 */
export function denoArguments(permissions: Permissions = ownPermissions()): string[] {
  const granted = NAMES.filter((name) => permissions.querySync({ name }).state === 'granted');
  const given = granted.length === NAMES.length ? ['--allow-all'] : granted.map((name) => `--allow-${name}`);
  return ['run', '--no-prompt', ...given];
}

function ownPermissions(): Permissions {
  return (globalThis as unknown as { readonly Deno: { readonly permissions: Permissions } }).Deno.permissions;
}
