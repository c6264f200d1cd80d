/** Options of Node that belong to the program of the parent, not to the runtime: name → whether a value follows it. */
const OF_THE_PROGRAM: ReadonlyMap<string, boolean> = new Map([
  ['-e', true],
  ['--eval', true],
  ['-p', true],
  ['-pe', true],
  ['--print', true],
  ['-c', false],
  ['--check', false],
  ['-i', false],
  ['--interactive', false],
  ['--input-type', false],
  ['--entry-url', false],
  ['--run', true],
  ['--build-snapshot', false],
  ['--build-snapshot-config', true],
  ['--experimental-sea-config', true],
]);

/** Options that a second process cannot share: a port is taken, a watcher or a test runner would start another program. */
const OF_ONE_PROCESS = /^--(inspect|debug-port|watch|test(?!-udp)|experimental-test)/;

/** The options of Node with which a child is started, from those of this process. */
export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const inherited: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const argument = execArgv[i] as string;
    const [name = '', value] = argument.split('=', 2);
    const takesValue = OF_THE_PROGRAM.get(name);
    if (takesValue === undefined && !OF_ONE_PROCESS.test(name)) {
      inherited.push(argument);
      continue;
    }
    if (value !== undefined) continue;
    // Only values of options stand here without a dash; that of --eval may have one all the same.
    if (takesValue === true || execArgv[i + 1]?.startsWith('-') === false) i++;
  }
  return inherited;
}

/** `NODE_OPTIONS` without what only one process can have. */
export function inheritedNodeOptions(options: string): string {
  return options
    .split(' ')
    .filter((option) => !option.startsWith('--inspect'))
    .join(' ');
}
