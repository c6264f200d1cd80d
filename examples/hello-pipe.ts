// No main guard: the target stands in a module beside the script, and only that one is imported in the child.
import { Pipe, Process } from 'forkless';

import { hello } from './hello-target.ts';

const [parent, child] = Pipe();
const process = new Process({ target: hello, args: [child] }).start();
console.log(await parent.recv());
await process.join();
